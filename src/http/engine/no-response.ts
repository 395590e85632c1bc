/** Nobody has made a response that others could be given; `failed` = since the handler has failed. */
export class NoResponse extends Error {
  readonly failed: boolean;

  constructor(failed: boolean) {
    super();
    this.failed = failed;
  }
}

/** Whether an error of a load is one that an old response may stand in for. */
export function isFailure(error: unknown): boolean {
  return !(error instanceof NoResponse) || error.failed;
}
