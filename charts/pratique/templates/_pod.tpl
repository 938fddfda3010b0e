{{/* How every Pod of the chart is pulled, secured and placed, those of hooks included. */}}
{{- define "pratique.podBasics" -}}
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ quote . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* The network that the Pods are in, and how they find names. */}}
{{- define "pratique.podNetwork" -}}
{{- if .Values.hostNetwork -}}
hostNetwork: true
{{ end -}}
dnsPolicy: {{ .Values.dnsPolicy | default (ternary "ClusterFirstWithHostNet" "ClusterFirst" (.Values.hostNetwork | default false)) }}
{{- with .Values.dnsConfig }}
dnsConfig:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* By default the Pods of a revision are spread by themselves, so that those of the revision before do not count while they go. */}}
{{- define "pratique.spread" -}}
{{- with .Values.topologySpreadConstraints -}}
{{- toYaml . -}}
{{- else -}}
{{- range $index, $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: ScheduleAnyway
  matchLabelKeys: [pod-template-hash]
  labelSelector:
    matchLabels:
      {{- include "pratique.selectorLabels" $ | nindent 6 }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "pratique.environment" -}}
{{- if or .Values.registryCA.configMapName .Values.registryCA.secretName }}
- { name: NODE_EXTRA_CA_CERTS, value: {{ required "registryCA.key is empty: leave it out of your values to have its default" .Values.registryCA.key | printf "/etc/pratique/registry-ca/%s" | quote }} }
{{- end }}
{{- with .Values.proxy.httpProxy }}
- { name: HTTP_PROXY, value: {{ quote . }} }
{{- end }}
{{- with .Values.proxy.httpsProxy }}
- { name: HTTPS_PROXY, value: {{ quote . }} }
{{- end }}
{{- with .Values.proxy.noProxy }}
- { name: NO_PROXY, value: {{ quote . }} }
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}
