"""The keys of a configuration: what each is called in ``settings``, and how its value is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .values import duration, flag, headers, mode, natural, networks, number, table, text, version

Keys = dict[str, tuple[str, Callable[[Any], Any]]]

TOP: Keys = {
    "api_addr": ("api_addr", text),
    "cluster_addr": ("cluster_addr", text),
    "cluster_name": ("cluster_name", text),
    "ui": ("ui", flag),
    "log_level": ("log_level", text),
    "log_file": ("log_file", text),
    "log_format": ("log_format", text),
    "pid_file": ("pid_file", text),
    "default_lease_ttl": ("default_lease_ttl", duration),
    "max_lease_ttl": ("max_lease_ttl", duration),
    "raw_storage_endpoint": ("raw_storage_endpoint", flag),
    "telemetry": ("telemetry", table),
    "workers": ("workers", natural),
    "threads": ("threads", natural),
    "cache_size": ("cache_size", natural),
    "shutdown_patience": ("shutdown_patience", duration),
    "kv_at_secret": ("kv_at_secret", flag),
}

LISTENER: Keys = {
    "address": ("address", text),
    "socket_mode": ("socket_mode", mode),
    "tls_disable": ("tls_disable", flag),
    "tls_cert_file": ("tls_cert_file", text),
    "tls_key_file": ("tls_key_file", text),
    "tls_client_ca_file": ("tls_client_ca_file", text),
    "tls_require_and_verify_client_cert": ("tls_require_client_cert", flag),
    "tls_disable_client_certs": ("tls_request_client_cert", lambda value: not flag(value)),
    "tls_min_version": ("tls_min_version", version),
    "tls_max_version": ("tls_max_version", version),
    "tls_cipher_suites": ("tls_cipher_suites", text),
    "max_request_size": ("max_request_size", number),
    "max_request_duration": ("max_request_duration", duration),
    "max_request_json_memory": ("max_request_json_memory", number),
    "max_request_json_strings": ("max_request_json_strings", number),
    "http_read_header_timeout": ("http_read_header_timeout", duration),
    "http_read_timeout": ("http_read_timeout", duration),
    "http_write_timeout": ("http_write_timeout", duration),
    "http_idle_timeout": ("http_idle_timeout", duration),
    "max_connections": ("max_connections", natural),
    "x_forwarded_for_authorized_addrs": ("x_trusted", networks),
    "x_forwarded_for_hop_skips": ("x_skips", natural),
    "x_forwarded_for_reject_not_present": ("x_reject_absent", flag),
    "x_forwarded_for_reject_not_authorized": ("x_reject_untrusted", flag),
    "disable_unauthed_rekey_endpoints": ("disable_rekey", flag),
    "disable_unauthed_generate_root_endpoints": ("disable_generate_root", flag),
    "unauthenticated_metrics_access": ("unauthenticated_metrics", flag),
    "custom_response_headers": ("headers", headers),
}

SILENT = frozenset({"disable_mlock", "disable_cache", "cluster_address", "enable_response_header_hostname",
                    "proxy_protocol_behavior", "node_id"})  # fmt: skip
"""Known to Vault, of no consequence here whatever they say."""

NO_MEANING = {
    "ha_storage": "the storage serves several processes as it is",
    "service_registration": "there is no registration with a service catalogue",
    "plugin_directory": "engines of third parties are Python packages",
    "plugin": "engines of third parties are Python packages",
    "plugin_file_uid": "engines of third parties are Python packages",
    "entropy": "random numbers come from the operating system",
    "license_path": "there are no licences",
    "imprecise_lease_role_tracking": "leases are counted exactly",
    "enable_post_unseal_trace": "there is no tracing after an unseal",
    "tls_prefer_server_cipher_suites": "clients and server prefer the same",
    "proxy_protocol_authorized_addrs": "the PROXY protocol is not spoken; use X-Forwarded-For",
}
