import { changedSince } from './changed-fields.js';
import type { Baseline } from './session-record.js';

/** Notes in a baseline what a write may have changed that was sent, and not answered. */
export function noteUnanswered(
  baseline: Baseline,
  write: { readonly texts: ReadonlyMap<string, string> } & Pick<Baseline, 'maxAge' | 'userKey'>,
): void {
  const { unsure } = baseline;
  const userKeys = new Set(unsure?.userKeys);
  if (write.userKey !== baseline.userKey) userKeys.add(write.userKey);
  baseline.unsure = {
    fields: new Set(changedSince(baseline, write.texts).keys()),
    userKeys,
    maxAge: unsure?.maxAge === true || write.maxAge !== baseline.maxAge,
  };
}
