import { StreamableFile } from '@nestjs/common';
import { isObservable, Observable } from 'rxjs';
import { InvalidOptionsError } from '../errors.js';

/** What a method gives back, as far as it can be known without calling it. */
export type ResultKind = 'observable' | 'promise' | 'unknown' | 'at once';

/**
 * Reads the annotated result type of a method. `at once` is a class that is neither a promise nor an Observable;
 * interfaces, unions and missing annotations leave no trace and are `unknown`.
 */
export function annotatedKind(prototype: object, name: string | symbol): ResultKind {
  const type: unknown = Reflect.getMetadata('design:returntype', prototype, name);
  if (typeof type !== 'function' || type === Object) return 'unknown';
  const made: unknown = type.prototype;
  if (type === Observable || made instanceof Observable) return 'observable';
  if (typeof made === 'object' && made !== null && 'subscribe' in made && 'pipe' in made) return 'observable';
  if (typeof made === 'object' && made !== null && 'then' in made) return 'promise';
  return 'at once';
}

const GENERATORS = new Set(['GeneratorFunction', 'AsyncGeneratorFunction']);

/** Whether a function is a generator, whose result can be walked once only. */
export function isGenerator(method: (...args: never) => unknown): boolean {
  return GENERATORS.has(method.constructor.name);
}

/** Whether `value` can be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}

/**
 * Lets a loaded value pass that more than one caller may be given.
 *
 * @throws InvalidOptionsError naming `path` for streams, iterators and Observables, which one caller uses up
 */
export function requireShareable(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) return;
  const found = usedUpKind(value);
  if (found !== undefined)
    throw new InvalidOptionsError(path, `${found} cannot be cached: one caller uses it up`);
}

function usedUpKind(value: object): string | undefined {
  if (isObservable(value)) return 'a promise of an Observable';
  if (value instanceof StreamableFile) return 'a stream';
  if (Symbol.asyncIterator in value) return 'a stream or an async iterator';
  if ('pipe' in value && typeof value.pipe === 'function') return 'a stream';
  if ('getReader' in value && typeof value.getReader === 'function') return 'a stream';
  if (Symbol.iterator in value && 'next' in value) return 'an iterator';
  return undefined;
}
