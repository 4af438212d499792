"""Every command: where it lives, and the line that ``wellkept help`` prints of it."""

from __future__ import annotations

GROUPS: dict[str, dict[str, tuple[str, str]]] = {
    "start": {
        "init": ("init", "create a store, its key, wellkept.toml; add to .gitignore; offer the commit hook"),
        "import": ("import_", "move the secrets of a .env, JSON, YAML or TOML file into the store"),
        "status": ("status", "what this store is: path, seal, key term, counts, size"),
    },
    "secrets": {
        "set": ("set_", "write a secret: typed without echo, from stdin, or from a file"),
        "get": ("get", "print a secret"),
        "list": ("list_", "list names, or a table with ages and owners"),
        "generate": ("generate", "make a password, token, UUID or key pair; print or store it"),
        "metadata": ("metadata", "show or change tags, description, owner, limits"),
        "history": ("history", "list the versions of a secret"),
        "diff": ("history", "which fields changed between two versions, never their values"),
        "rollback": ("history", "make an earlier version the current one again"),
        "delete": ("delete", "delete versions so that they can come back"),
        "undelete": ("delete", "bring deleted versions back"),
        "destroy": ("delete", "remove values for good"),
    },
    "applications": {
        "run": ("run_help", "run a command with the secrets in its environment, or as files in memory"),
        "export": ("export", "print as .env, JSON, YAML, shell, Kubernetes Secret or Docker env file"),
        "check": ("check", "validate an application's settings before it starts"),
        "doctor": ("posture", "read every secret once and say what was met, and as whom"),
        "example": ("check", "print .env.example or a JSON schema of an application's settings"),
    },
    "keeping": {
        "audit tail": ("audit", "the last records: who read and wrote what"),
        "audit show": ("audit", "records by name, user, outcome and time"),
        "audit verify": ("audit", "prove that no record was changed, dropped or reordered"),
        "policy for": (
            "posture",
            "the smallest policy for an application's settings, in a provider's language",
        ),
        "policy list": ("policy", "names of the policies"),
        "policy read": ("policy", "print a policy"),
        "policy write": ("policy", "create or replace a policy from JSON"),
        "policy delete": ("policy", "remove a policy"),
        "rekey": ("keys", "change the passphrase or key file"),
        "rotate-key": ("keys", "start a new encryption key, and re-encrypt if asked to"),
        "backup": ("backup", "write a consistent, encrypted copy of the store"),
        "restore": ("backup", "put a backup in place, after verifying it"),
    },
    "other": {
        "hook install": ("hook", "install the git pre-commit hook"),
        "hook pre-commit": ("hook", "what it runs: refuse .env files, keys, and the store's own values"),
        "completion": ("completion", "print a completion script for bash, zsh or fish"),
        "version": ("version", "print the version"),
    },
}

TITLES = {
    "start": "Start",
    "secrets": "Secrets",
    "applications": "Applications",
    "keeping": "Keeping",
    "other": "Other",
}

COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}
"""Name to (module, summary)."""
