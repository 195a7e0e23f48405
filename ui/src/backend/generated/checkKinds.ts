// Generated: the registry of check kinds.
import type { CheckKind } from './CheckKind'

export const CHECK_KINDS: readonly { label: string; defaults: CheckKind }[] = [
  { label: "Web address", defaults: {"type":"http","url":"","method":"GET","expected_status":[],"body_contains":null,"certificate_days":null,"ca_file":null,"accept_self_signed":false,"client_certificate_file":null,"client_key_file":null} },
  { label: "TCP port", defaults: {"type":"tcp","host":"127.0.0.1","port":0} },
  { label: "PostgreSQL", defaults: {"type":"postgres","host":"127.0.0.1","port":5432,"database":"postgres","user":"postgres","query":"SELECT 1","tls":false} },
  { label: "Redis", defaults: {"type":"redis","host":"127.0.0.1","port":6379,"database":0,"user":null,"tls":false} },
  { label: "TLS certificate", defaults: {"type":"tls","host":"","port":443,"server_name":null,"ca_file":null,"accept_self_signed":false,"degraded_below_days":21,"unhealthy_below_days":7} },
  { label: "DNS", defaults: {"type":"dns","name":"","record":"A","expected":[],"matching":"all","resolver":null} },
]
