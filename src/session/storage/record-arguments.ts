import { PayloadTooLargeError } from '../../errors.js';
import type { Sealer } from '../record/sealing.js';
import { idleTtl, type LifeSettings } from '../record/session-life.js';

/** What records are held to. */
export interface RecordSettings extends LifeSettings {
  /** How much one may hold: the bytes of its fields' text, and of the names and texts of its patches, as stored. */
  readonly maxBytes: number;
}

/** The fields' text of a session as it is stored. */
export function sealFields(
  text: string,
  handle: string,
  { sealer, maxBytes }: { readonly sealer: Sealer; readonly maxBytes: number },
): string | Buffer {
  const sealed = sealer.seal(text, handle, 'd');
  const bytes = Buffer.byteLength(sealed);
  if (bytes > maxBytes) throw new PayloadTooLargeError(bytes, maxBytes);
  return sealed;
}

/** What scripts go by that lengthen the life of a session. */
export function lifeArguments(settings: LifeSettings): [ttl: string, limit: string] {
  return [timeText(idleTtl(settings, undefined)), timeText(settings.absoluteTtl)];
}

/** A time in whole milliseconds; empty = none. */
export function timeText(time: number): string {
  return time === Infinity ? '' : String(Math.round(time));
}
