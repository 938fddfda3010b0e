{{/* How a ServiceMonitor or a PodMonitor scrapes one endpoint. */}}

{{- define "pratique.endpoint" -}}
- port: metrics
  path: /metrics
  {{- with .Values.monitoring.interval }}
  interval: {{ . }}
  {{- end }}
  {{- with .Values.monitoring.scrapeTimeout }}
  scrapeTimeout: {{ . }}
  {{- end }}
  relabelings:
    # One name of the job, whatever discovers it: alerts and dashboard go by it.
    - { action: replace, targetLabel: job, replacement: {{ include "pratique.name" . | quote }} }
    {{- with .Values.monitoring.relabelings }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.monitoring.metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
