import { InvalidOptionsError } from '../errors.js';
import { optionsObject } from '../option.js';

/** How a walk through all keys of a cache is watched and ended. */
export interface WalkOptions {
  /** Ends the walk: it throws the signal's reason. What was removed until then stays removed. */
  signal?: AbortSignal;
  /** Told again and again how many keys were found or removed until then. */
  onProgress?: (progress: { readonly keys: number }) => void;
}

/** Checks the options of a walk. */
export function walkOptions(raw: WalkOptions | undefined): WalkOptions {
  if (raw === undefined) return {};
  const { signal, onProgress } = optionsObject(raw, 'options', ['signal', 'onProgress']) as WalkOptions;
  if (signal !== undefined && typeof signal.throwIfAborted !== 'function') {
    throw new InvalidOptionsError('options.signal', 'must be an AbortSignal', signal);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new InvalidOptionsError('options.onProgress', 'must be a function', onProgress);
  }
  signal?.throwIfAborted();
  return raw;
}
