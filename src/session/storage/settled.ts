/** What a promise fails with, as a value: what is done beside it comes first. */
export function settled(work: Promise<unknown>): Promise<{ readonly error: unknown } | undefined> {
  return work.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
}
