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
    "server": {
        "login": ("remote.login", "get a token from a server and keep it"),
        "read": ("remote.raw", "read any path of a server's API"),
        "write": ("remote.raw", "write to any path of a server's API"),
        "patch": ("remote.raw", "change part of what is at a path"),
        "token create": ("remote.tokens", "make a token"),
        "token lookup": ("remote.tokens", "show a token's policies, times and limits"),
        "token renew": ("remote.tokens", "let a token live longer"),
        "token revoke": ("remote.tokens", "end a token and all that hangs on it"),
        "token capabilities": ("remote.tokens", "what a token may do at a path"),
        "secrets list": ("remote.mounts", "the engines of a server"),
        "secrets enable": ("remote.mounts", "mount an engine"),
        "secrets disable": ("remote.mounts", "remove an engine with all it holds"),
        "secrets tune": ("remote.mounts", "change an engine's settings"),
        "secrets move": ("remote.mounts", "move an engine to another path"),
        "auth list": ("remote.mounts", "the auth methods of a server"),
        "auth enable": ("remote.mounts", "mount an auth method"),
        "auth disable": ("remote.mounts", "remove an auth method"),
        "auth tune": ("remote.mounts", "change an auth method's settings"),
        "lease lookup": ("remote.leases", "show a lease"),
        "lease renew": ("remote.leases", "let what was leased live longer"),
        "lease revoke": ("remote.leases", "end a lease, or all under a prefix"),
        "wrap": ("remote.leases", "put values into a token that opens once"),
        "unwrap": ("remote.leases", "take out what a wrapping token holds"),
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
    "server": "Talking to a server",
    "other": "Other",
}

COMMANDS = {name: entry for group in GROUPS.values() for name, entry in group.items()}
"""Name to (module, summary)."""
