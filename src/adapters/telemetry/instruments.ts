import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** Seconds: a warm answer takes milliseconds, a cold one a few rounds to a registry, and 30 s end every request. */
const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30];

/** The metrics of design section 11, registered and not yet fed. docs/metrics.md says what each is good for. */
export type Instruments = ReturnType<typeof createInstruments>;

export function createInstruments(registry: Registry) {
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Histogram({ name, help, labelNames, buckets: DURATIONS, registers });
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) => new Gauge({ name, help, labelNames, registers });
  return {
    admissions: counter("pratique_admissions_total", "Admission reviews answered.", ["entry", "operation", "decision", "reason"]),
    admissionSeconds: histogram("pratique_admission_duration_seconds", "Time from a review's arrival to its answer.", ["entry", "decision"]),
    budget: gauge("pratique_admission_budget_seconds", "The longest that a review may take.", []),
    defects: counter("pratique_defects_total", "Mistakes in Pratique itself; the log has the cause of each.", []),
    handshakeFailures: counter("pratique_tls_handshake_failures_total", "TLS handshakes that failed.", []),
    violations: counter("pratique_violations_total", "Images that do not pass for a mode of their namespace.", ["mode", "level", "reason", "resource_namespace"]),
    outageAdmissions: counter("pratique_outage_admissions_total", "Pods let in unchecked while a registry could not be reached.", ["resource_namespace"]),
    images: counter("pratique_images_total", "Images judged.", ["level", "verdict", "reason"]),
    inspections: counter("pratique_inspections_total", "Look-ups of signatures in a registry.", ["result"]),
    requests: counter("pratique_registry_requests_total", "Requests to registries and their token services.", ["registry", "kind", "status"]),
    requestSeconds: histogram("pratique_registry_request_duration_seconds", "Time of a request to a registry, its body included.", ["registry", "kind"]),
    inFlight: gauge("pratique_registry_in_flight", "Requests to registries under way.", ["registry"]),
    inFlightLimit: gauge("pratique_registry_in_flight_limit", "Requests that may be under way to this registry.", ["registry"]),
    leftAlone: gauge("pratique_registry_left_alone", "Registries that nothing is sent to, since they do not answer.", ["registry"]),
    lookups: counter("pratique_cache_lookups_total", "Look-ups in the caches.", ["cache", "result"]),
    cacheBytes: gauge("pratique_cache_bytes", "Bytes held by the caches.", ["cache"]),
    watchAge: gauge("pratique_watch_age_seconds", "Time since the API server last confirmed what a watch knows.", ["resource"]),
    watchRestarts: counter("pratique_watch_restarts_total", "Watches that broke and began again with a list.", ["resource"]),
    policies: gauge("pratique_trust_policies", "Trust policies that the watches know, by whether they can be used.", ["resource", "ready"]),
    scannedImages: gauge("pratique_audit_images", "Images that the last scan found, by owner.", ["resource_namespace", "verdict", "reason"]),
    scanDrift: gauge("pratique_audit_drifted_images", "Images of which the last scan found another digest running than their reference names.", ["resource_namespace"]),
    scanEnd: gauge("pratique_audit_timestamp_seconds", "When the last scan of this replica ended, in seconds since the epoch; 0 while another one scans.", []),
    scanInterval: gauge("pratique_audit_interval_seconds", "Time from one scan to the next; 0 where nothing is scanned.", []),
    events: counter("pratique_events_total", "Events for the cluster, by what became of them.", ["result"]),
    certificateExpiry: untilKnown(gauge("pratique_certificate_expiry_timestamp_seconds", "When the serving certificate ends, in seconds since the epoch.", [])),
    caExpiry: untilKnown(gauge("pratique_certificate_ca_expiry_timestamp_seconds", "When the CA of the serving certificate ends, in seconds since the epoch.", [])),
    trusted: untilKnown(gauge("pratique_certificate_trusted", "1 while every webhook entry trusts the serving certificate's CA, else 0.", [])),
    certificateChanges: counter("pratique_certificate_changes_total", "What this replica changed of the certificates that all share.", ["change"]),
    ready: gauge("pratique_ready", "1 while /readyz answers 200, else 0.", []),
    memoryLimit: gauge("pratique_memory_limit_bytes", "Memory that the process may have: its container's limit, else the machine's.", []),
    buildInfo: gauge("pratique_build_info", "1, labelled with the version that runs.", ["version"]),
  };
}

// A gauge without labels would be 0 from the start, also where nobody ever sets it.
function untilKnown(gauge: Gauge): Gauge {
  gauge.remove();
  return gauge;
}
