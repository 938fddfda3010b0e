{{/*
Which namespaces each webhook entry is called for. The expressions of a selector must all hold; NotIn holds for a
namespace without the label too.

For one namespace a mode is asked for when its label says so or, without that label, when config.defaults does. The
selectors follow the defaults, so that each namespace is covered by at most one entry for Pods and by at most one for
templates, and by one whenever a mode is asked for:

  config.defaults.enforce   enforced (enforce.pratique.dev, templates.pratique.dev)   observed
  none                      the label exists and is not none                          the label is not a level that enforces
  signed, verified          the label is not none                                     the label is none

An enforcing entry judges for warn and audit as well, so observers are for the other namespaces alone. A label that is
misspelt enforces. Where the default is none, no selector can tell it from a missing one, so observers are called there
too, and say nothing.

  config.defaults.warn      observe-warn            observe-audit
  none                      the label exists        there is no warn label, and audit is asked for
  signed, verified          the label is not none   the warn label is none, and audit is asked for

Audit is asked for where its label exists or, by a default, where it is not none. observe-warn judges for audit as well.
*/}}

{{/* The level of a mode in config.defaults. Of: config, mode. */}}
{{- define "pratique.default" -}}
{{- dig "defaults" .mode "none" .config -}}
{{- end -}}

{{/* kube-system and the release's own namespace: neither the cluster nor Pratique itself may wait for Pratique. */}}
{{- define "pratique.notOurs" -}}
- { key: kubernetes.io/metadata.name, operator: NotIn, values: {{ list "kube-system" .Release.Namespace | uniq | toJson }} }
{{- end -}}

{{/* The exempt namespaces too: they are admitted anyway, and must stay so while no Pod of Pratique runs. */}}
{{- define "pratique.notExempt" -}}
{{ include "pratique.notOurs" . }}
{{- with dig "exemptions" "namespaces" list .Values.config }}
- { key: kubernetes.io/metadata.name, operator: NotIn, values: {{ toJson . }} }
{{- end }}
{{- end -}}

{{/* A mode is asked for, by its label or by default. Of: config, mode. */}}
{{- define "pratique.asked" -}}
{{- if eq (include "pratique.default" .) "none" -}}
- { key: pratique.dev/{{ .mode }}, operator: Exists }
{{- else -}}
- { key: pratique.dev/{{ .mode }}, operator: NotIn, values: [none] }
{{- end -}}
{{- end -}}

{{- define "pratique.enforced" -}}
{{- if eq (include "pratique.default" (dict "config" .Values.config "mode" "enforce")) "none" -}}
- { key: pratique.dev/enforce, operator: Exists }
{{ end -}}
- { key: pratique.dev/enforce, operator: NotIn, values: [none] }
{{ include "pratique.notExempt" . }}
{{- end -}}

{{- define "pratique.observed" -}}
{{- if eq (include "pratique.default" (dict "config" .Values.config "mode" "enforce")) "none" -}}
- { key: pratique.dev/enforce, operator: NotIn, values: [signed, verified] }
{{- else -}}
- { key: pratique.dev/enforce, operator: In, values: [none] }
{{- end }}
{{ include "pratique.notExempt" . }}
{{- end -}}

{{- define "pratique.warned" -}}
{{ include "pratique.asked" (dict "config" .Values.config "mode" "warn") }}
{{ include "pratique.observed" . }}
{{- end -}}

{{- define "pratique.audited" -}}
{{ include "pratique.asked" (dict "config" .Values.config "mode" "audit") }}
{{ if eq (include "pratique.default" (dict "config" .Values.config "mode" "warn")) "none" -}}
- { key: pratique.dev/warn, operator: DoesNotExist }
{{- else -}}
- { key: pratique.dev/warn, operator: In, values: [none] }
{{- end }}
{{ include "pratique.observed" . }}
{{- end -}}
