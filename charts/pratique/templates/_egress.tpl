{{/* What the configuration says of the network, for the NetworkPolicy. */}}

{{/* The port of a host[:port][/path] or of a URL. Of: place, and the port that is meant where none is written. */}}
{{- define "pratique.portOf" -}}
{{- $host := regexReplaceAll "^[a-z0-9]+://([^/@]*@)?" .place "" | splitList "/" | first -}}
{{- regexFind "[0-9]+$" (regexFind ":[0-9]+$" $host) | default .default -}}
{{- end -}}

{{/* The TCP ports of the API server, of registries, of their mirrors and token services, and of the proxies, as a list in JSON. */}}
{{- define "pratique.outwardPorts" -}}
{{- $ports := list -}}
{{- range concat (required "networkPolicy.apiServerPorts is empty: leave it out of your values to have its default" .Values.networkPolicy.apiServerPorts) (.Values.networkPolicy.registryPorts | default list) -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- range (.Values.config.registries | default list) -}}
{{- $standard := ternary "80" "443" (.plainHTTP | default false) -}}
{{- range concat (list .host) (.tokenRealms | default list) -}}
{{- $ports = append $ports (include "pratique.portOf" (dict "place" . "default" $standard) | int) -}}
{{- end -}}
{{- range (.mirrors | default list) -}}
{{- $ports = append $ports (include "pratique.portOf" (dict "place" .location "default" "443") | int) -}}
{{- end -}}
{{- end -}}
{{- range compact (list .Values.proxy.httpProxy .Values.proxy.httpsProxy) -}}
{{- $standard := ternary "1080" (ternary "443" "80" (hasPrefix "https:" .)) (hasPrefix "socks" .) -}}
{{- $ports = append $ports (include "pratique.portOf" (dict "place" . "default" $standard) | int) -}}
{{- end -}}
{{- $sorted := list -}}
{{- range (uniq $ports | sortAlpha) -}}
{{- $sorted = append $sorted (int .) -}}
{{- end -}}
{{- toJson $sorted -}}
{{- end -}}

{{/* The places on a node that tell a workload who it is in its cloud, where a registry's credentials come from there. As a list in JSON. */}}
{{- define "pratique.identityServices" -}}
{{- $services := list -}}
{{- range (.Values.config.registries | default list) -}}
{{- if eq (.credentials | default "") "gar" -}}
{{- $services = concat $services (list (dict "cidr" "169.254.169.254/32" "port" 80) (dict "cidr" "169.254.169.252/32" "port" 988)) -}}
{{- else if eq (.credentials | default "") "ecr" -}}
{{- $services = append $services (dict "cidr" "169.254.170.23/32" "port" 80) -}}
{{- end -}}
{{- end -}}
{{- uniq $services | toJson -}}
{{- end -}}

{{/* What a Pod may call that asks the API server alone. */}}
{{- define "pratique.apiServerEgress" -}}
- ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }]
- ports:
    {{- range .Values.networkPolicy.apiServerPorts }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
{{- end -}}
