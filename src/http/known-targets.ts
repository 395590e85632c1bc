import { LRUCache } from 'lru-cache';
import type { Subject } from './request-key.js';

/** How many targets are remembered: about 1 KB each. Fewer where they are long, since clients choose them. */
const REMEMBERED = 2_000;
const MOST_CHARACTERS = 2_000_000;

/** What is worked out of what a request asks for. */
export interface Target {
  /** The key of its responses, whatever the headers of the request. */
  readonly family: string;
  readonly tags: readonly string[];
}

interface Known {
  readonly subject: Subject;
  readonly target: Target | undefined;
}

/** What was worked out of targets lately: to hash keys and tags once more takes longer than the rest of a hit. */
export class KnownTargets {
  readonly #known = new LRUCache<string, Known>({
    max: REMEMBERED,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: charactersIn,
  });

  /** The target of a subject; `undefined` = it must not be cached. `work` must give the same for equal subjects. */
  of(subject: Subject, work: () => Target | undefined): Target | undefined {
    const at = `${subject.route}\n${subject.user}\n${subject.url}`;
    const known = this.#known.get(at);
    if (known !== undefined && isSame(known.subject, subject)) return known.target;
    const target = work();
    // The handler may change the parameters of its request.
    this.#known.set(at, { subject: { ...subject, params: copyOf(subject.params) }, target });
    return target;
  }
}

/** Each text that a client may have written, in some part of it. */
function charactersIn({ subject }: Known, at: string): number {
  const { originalUrl, version = '', host = '', key = '', params } = subject;
  const rest = JSON.stringify(params).length + version.length + host.length + key.length;
  return 2 * at.length + originalUrl.length + rest;
}

function isSame(one: Subject, other: Subject): boolean {
  return (
    // The text under which it is remembered may be that of another one.
    one.route === other.route &&
    one.user === other.user &&
    one.url === other.url &&
    one.originalUrl === other.originalUrl &&
    one.version === other.version &&
    one.host === other.host &&
    one.key === other.key &&
    hasSame(one.params, other.params)
  );
}

function hasSame(one: Subject['params'], other: Subject['params']): boolean {
  const names = Object.keys(one);
  if (names.length !== Object.keys(other).length) return false;
  return names.every((name) => Object.hasOwn(other, name) && isEqual(one[name], other[name]));
}

/** Parameters are strings, and lists of strings for wildcards. Anything else may change, and is equal to nothing. */
function isEqual(one: unknown, other: unknown): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return typeof one === 'string' && one === other;
  return one.length === other.length && one.every((value, index) => isEqual(value, other[index]));
}

function copyOf(params: Subject['params']): Subject['params'] {
  const copied = Object.entries(params).map(([name, value]: [string, unknown]): [string, unknown] => [
    name,
    Array.isArray(value) ? Array.from<unknown>(value) : value,
  ]);
  return Object.fromEntries(copied);
}
