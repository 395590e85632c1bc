import { AsyncLocalStorage } from 'node:async_hooks';
import { backendOf, type AnyKeyv } from './keyv-shape.js';

interface Heard {
  error: unknown;
}

const listening = new AsyncLocalStorage<Heard>();
const watched = new WeakSet();

/**
 * Listens to a Keyv's errors from now on, so that none is thrown for want of a listener. Those of a call made through
 * `hearing` reach its caller; the others (a lost connection) are the application's to listen to.
 */
export function watchErrors(keyv: AnyKeyv): void {
  if (watched.has(keyv)) return;
  watched.add(keyv);
  keyv.on('error', hear);
  // A Keyv with `emitErrors: false` keeps its backend's errors to itself.
  backendOf(keyv).on?.('error', hear);
}

function hear(error: unknown): void {
  const heard = listening.getStore();
  if (heard !== undefined) heard.error ??= error;
}

/**
 * Runs a call of a watched Keyv, which answers with an event and a miss where others reject, and rejects with what it emits.
 * The settings of the Keyv, which its other users rely on, stay as they are.
 */
export async function hearing<T>(call: () => Promise<T>): Promise<T> {
  const heard: Heard = { error: undefined };
  const result = await listening.run(heard, call);
  const { error } = heard;
  if (error === undefined) return result;
  throw error instanceof Error ? error : new Error(typeof error === 'string' ? error : 'The Keyv failed.');
}
