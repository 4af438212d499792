"""Texts for ``wellkept help TOPIC``: what all commands have in common."""

from __future__ import annotations

TOPICS = {
    "names": """\
Names of secrets

  prod/billing/database   with a slash: the whole name, environment/service/name
  DATABASE_URL            without one: belongs to the current environment, here dev/PROJECT/DATABASE_URL
  /DATABASE_URL           with a leading slash: always the whole name
  database#password       one field of a secret that is a JSON object (get, export --only, run --only)

With --env ENV every name belongs to that environment. PROJECT is `project` in wellkept.toml. `list`, `history`
and the others print whole names.
""",
    "store": """\
Where the store is, the first of

  --store PATH
  $WELLKEPT_STORE
  `store` in wellkept.toml, found in this directory or one above; relative to that file
  .wellkept, in this directory or one above

How it is unsealed: a key file ($WELLKEPT_KEY_FILE, else ~/.config/wellkept/keys/STORE_ID.key), or a passphrase
($WELLKEPT_PASSPHRASE_FILE, $WELLKEPT_PASSPHRASE, else you are asked).
""",
    "exit-codes": """\
Exit codes

   0  done
   1  something else went wrong, said on stderr; scan: something was found
   2  wrong usage of the command line
   3  no such secret, version or field
   4  denied
   5  conflict: check-and-set failed, or somebody else was faster
   6  scan: nothing was found, but something could not be looked at
   7  damage: what is stored is not what was written; an audit record was changed
   8  sealed: no key, wrong key, wrong passphrase
  65  a name, value or file is not acceptable
  70  a defect in wellkept; WELLKEPT_DEBUG=1 shows where
  74  the disk is full, read-only, or a file cannot be read; the audit record could not be written
  75  not available now; trying again may help
  78  configuration or settings are wrong
 126  run: the command cannot be executed
 127  run: there is no such command
 130  interrupted
 141  the reader of the output has gone

`run` ends with the exit code of its command, or 128 and the number of the signal that ended it.
""",
    "environment": """\
Environment variables

  WELLKEPT_ENV               the environment: dev, ci, staging, prod
  WELLKEPT_CONFIG            the configuration file, instead of wellkept.toml here or above
  WELLKEPT_STORE             the store's directory
  WELLKEPT_KEY_FILE          the key file that unseals the store
  WELLKEPT_PASSPHRASE_FILE   a file with the passphrase
  WELLKEPT_PASSPHRASE        the passphrase itself
  WELLKEPT_SCAN_KEY          the key of a fingerprint file, for scan --known
  WELLKEPT_FINGERPRINT_KEY   makes the fingerprints of findings: secret, the same for all who compare
  WELLKEPT_DEBUG             show where an error comes from, without values
  NO_COLOR                   no colours

`run` does not pass the key file and passphrase variables on to its command.
""",
}
