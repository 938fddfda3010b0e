{{/* Values that each are right and do not go together. Rendering ends at the first. */}}
{{- define "pratique.checks" -}}
{{- if and .Values.registryCA.configMapName .Values.registryCA.secretName -}}
{{- fail "registryCA takes configMapName or secretName, not both" -}}
{{- end -}}
{{- if not (or .Values.serviceAccount.create .Values.serviceAccount.name) -}}
{{- fail "serviceAccount.create is false: serviceAccount.name must name the account that the Pods run as" -}}
{{- end -}}
{{- if and .Values.hostNetwork .Values.networkPolicy.enabled -}}
{{- fail "networkPolicy.enabled would do nothing: a NetworkPolicy does not hold for Pods in the network of their nodes (hostNetwork); leave one of them out" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas is more than autoscaling.maxReplicas" -}}
{{- end -}}
{{- include "pratique.checkName" . -}}
{{- include "pratique.checkAddress" (dict "field" "config.listen" "address" (.Values.config.listen | default "0.0.0.0:8443")) -}}
{{- include "pratique.checkAddress" (dict "field" "config.metricsListen" "address" (.Values.config.metricsListen | default "0.0.0.0:9090")) -}}
{{- if eq (include "pratique.webhookPort" .) (include "pratique.metricsPort" .) -}}
{{- fail (printf "config.listen and config.metricsListen have the same port, %s" (include "pratique.webhookPort" .)) -}}
{{- end -}}
{{- include "pratique.checkAlone" . -}}
{{- end -}}

{{/* Helm takes names with dots, and with a digit in front, and a Service has neither. */}}
{{- define "pratique.checkName" -}}
{{- $name := include "pratique.name" . -}}
{{- if not (regexMatch "^[a-z]([-a-z0-9]*[a-z0-9])?$" $name) -}}
{{- fail (printf "release %s: no Service can be called %s; give the objects a name by fullnameOverride, of lower-case letters, digits and hyphens, a letter first" .Release.Name $name) -}}
{{- end -}}
{{- end -}}

{{/*
A group with nothing below it is null, and takes the defaults of the whole group away. Helm would end at the first template that
reads it, and not say which value it was.
*/}}
{{- define "pratique.checkGroups" -}}
{{- range list "image" "autoscaling" "podDisruptionBudget" "service" "webhooks" "networkPolicy" "proxy" "crds" "certificate" "certificate.issuerRef" "labelProtection" "uninstallHook" "registryCA" "registryCredentials" "serviceAccount" "monitoring" "monitoring.rules" "monitoring.dashboard" "config" -}}
{{- $group := $.Values -}}
{{- range splitList "." . -}}
{{- $group = get $group . -}}
{{- end -}}
{{- if not (kindIs "map" $group) -}}
{{- fail (printf "%s is empty: leave it out of your values to have its defaults" .) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Callers come from elsewhere, to a port that is written into the Pod. Of: field, address. */}}
{{- define "pratique.checkAddress" -}}
{{- if regexMatch "^(127\\.|localhost:|\\[::1\\])" .address -}}
{{- fail (printf "%s is %s, which nobody outside of the Pod reaches; use 0.0.0.0 or [::]" .field .address) -}}
{{- end -}}
{{- if regexMatch ":0+$" .address -}}
{{- fail (printf "%s is %s: in a Pod it must name a port" .field .address) -}}
{{- end -}}
{{- end -}}

{{/*
Two installations in one cluster would judge every Pod twice, and write the status of the same policies. Helm says no to the
second only by the first name that is taken. Nothing is found where no cluster is asked, as by `helm template`.
*/}}
{{- define "pratique.checkAlone" -}}
{{- $found := lookup "admissionregistration.k8s.io/v1" "ValidatingWebhookConfiguration" "" "" -}}
{{- range (get $found "items" | default list) -}}
{{- $labels := .metadata.labels | default dict -}}
{{- $annotations := .metadata.annotations | default dict -}}
{{- $release := get $annotations "meta.helm.sh/release-name" -}}
{{- $namespace := get $annotations "meta.helm.sh/release-namespace" -}}
{{- $isOurs := or (and (eq $release $.Release.Name) (eq $namespace $.Release.Namespace)) (and (not $release) (eq .metadata.name (include "pratique.name" $))) -}}
{{- if and (eq (get $labels "app.kubernetes.io/name") $.Chart.Name) (not $isOurs) -}}
{{- fail (printf "Pratique is in this cluster already: the ValidatingWebhookConfiguration %s is of %s. One cluster has one Pratique; upgrade that one, or uninstall it first" .metadata.name (ternary (printf "release %s in namespace %s" $release $namespace) "another installation" (ne $release ""))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
