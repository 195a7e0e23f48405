// Generated: the short labels of queries, each with its resource attribute.
export const SHORT_LABELS: Readonly<Record<string, string>> = {
  "service": "service.name",
  "host": "host.name",
  "environment": "deployment.environment.name",
}
