# One anomaly in; one Alertmanager alert out where it is worth a page, else nothing. --argjson min_score N
# The same episode and severity is the same alert: Alertmanager pages once. An escalation raises the severity.
def worth_a_page:
  (.anomaly.episode.index == 0 or .anomaly.episode.escalated) and .event.risk_score >= $min_score;

select(worth_a_page) | [{
  labels: {
    alertname: "EventclusterAnomaly",
    severity: (if .event.risk_score >= 90 then "critical" else "warning" end),
    scope: .anomaly.scope,
    episode: .anomaly.episode.id
  },
  annotations: {
    summary: .message,
    description: "risk score \(.event.risk_score), \(.anomaly.reason); \(.anomaly.facts | join("; "))",
    event_id: .event.id
  },
  # As long as an episode can be (episode.max_length), so that it is one alert.
  endsAt: (now + 14400 | todate)
}]
