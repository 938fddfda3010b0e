/** What operators want to know of this adapter, without a word on how it is kept. */
export interface ClusterRecorder {
  /** A watch failed, for so many times in a row, and starts over with a list. `cause` is for the log. */
  watchRestarted(resource: string, cause: Error, failures: number): void;
  /** A pull secret that exists and gives no credentials. `why` quotes nothing of it. */
  secretIgnored(namespace: string, name: string, why: string): void;
  /** The status of trust policies could not be written, and is tried again. Told once until something else goes wrong, or it works. */
  statusNotWritten(cause: Error): void;
}
