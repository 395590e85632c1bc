import { SerializationError } from '../errors.js';
import { isArrayPrototype, isObjectPrototype, keptBuiltIn, liveBuiltIn } from './built-in.js';
import type { ClassList } from './class-list.js';
import { isPlainNumber } from './plain-json.js';
import { UncacheableValueError } from './uncacheable-value.js';
import { ValuePath } from './value-path.js';

/** What a survey found. */
export type Finding = 'plain' | 'plain-but-undefined' | 'rich';

/**
 * Looks at every part of a value, and says what gives it back exactly: native JSON (`plain`), native JSON but for
 * properties that are `undefined` (`plain-but-undefined`), or only the rich serializer (`rich`). An error never shows the
 * value, only where in it the fault is (`value.items[3].callback`). Properties that are not enumerable do not count, nor do
 * named properties of arrays, private `#fields` and the `lastIndex` of a RegExp.
 *
 * @throws SerializationError when a part is a function, a symbol, a promise or the like, closes a circle, cannot be read,
 *   or is nested too deeply
 * @throws UncacheableValueError when a part is an instance of a class that is not listed
 */
export function surveyValue(value: unknown, classes: ClassList): Finding {
  const survey = new Survey(classes);
  try {
    survey.visit(value);
  } catch (error) {
    if (error instanceof SerializationError || error instanceof UncacheableValueError) throw error;
    const deep = error instanceof RangeError;
    if (deep) throw new SerializationError('value cannot be cached: it is nested too deeply.');
    throw new SerializationError('value cannot be cached: reading it failed.', error);
  }
  return survey.finding;
}

class Survey {
  #rich = false;
  #undefinedFields = false;
  readonly #classes: ClassList;
  readonly #ancestors = new Set<object>();
  readonly #path = new ValuePath();

  constructor(classes: ClassList) {
    this.#classes = classes;
  }

  get finding(): Finding {
    if (this.#rich) return 'rich';
    return this.#undefinedFields ? 'plain-but-undefined' : 'plain';
  }

  visit(value: unknown): void {
    const type = typeof value;
    if (type === 'function' || type === 'symbol') throw this.#refusal(`it is a ${type}`);
    if (typeof value === 'object' && value !== null) this.#visitObject(value);
    else if (value === undefined || typeof value === 'bigint') this.#rich = true;
    else if (typeof value === 'number' && !isPlainNumber(value)) this.#rich = true;
  }

  #visitObject(value: object): void {
    if (this.#ancestors.has(value)) throw this.#refusal('it closes a circle');
    this.#ancestors.add(value);
    const prototype = Object.getPrototypeOf(value) as object | null;
    if (prototype !== null && Array.isArray(value) && isArrayPrototype(prototype)) {
      this.#visitArray(value);
    } else if (prototype !== null && isObjectPrototype(prototype)) {
      this.#refuseToJson(value);
      this.#visitFields(value);
    } else if (prototype === null || this.#classes.nameOf(prototype) !== undefined) {
      this.#rich = true;
      this.#visitFields(value);
    } else {
      this.#visitBuiltIn(value, prototype);
    }
    this.#ancestors.delete(value);
  }

  #visitArray(array: readonly unknown[]): void {
    for (let index = 0; index < array.length; index++) {
      if (!Object.hasOwn(array, index)) return this.#visitSparseArray(array);
      this.#path.enter(index);
      this.visit(this.#read(array, index));
      this.#path.leave();
    }
  }

  /** By keys: an array may have a billion holes and two items. */
  #visitSparseArray(array: readonly unknown[]): void {
    this.#rich = true;
    this.#visitFields(array);
  }

  #visitFields(owner: object): void {
    for (const key of Object.keys(owner)) {
      this.#path.enter(key);
      const value = this.#read(owner, key);
      if (value === undefined) this.#undefinedFields = true;
      else this.visit(value);
      this.#path.leave();
    }
    this.#refuseHiddenKeys(owner);
  }

  #refuseHiddenKeys(owner: object): void {
    for (const symbol of Object.getOwnPropertySymbols(owner)) {
      if (!Object.prototype.propertyIsEnumerable.call(owner, symbol)) continue;
      throw this.#refusal('one of its keys is a symbol');
    }
  }

  /** JSON.stringify would call one that is not enumerable, too. */
  #refuseToJson(value: { readonly toJSON?: unknown }): void {
    this.#path.enter('toJSON');
    if (typeof value.toJSON === 'function') throw this.#refusal('it is a function');
    this.#path.leave();
  }

  #visitBuiltIn(value: object, prototype: object): void {
    this.#rich = true;
    const name = keptBuiltIn(value);
    if (name === undefined) throw this.#refusalOf(value, prototype);
    if (name === 'Map') {
      this.#visitItems('keys()', (value as Map<unknown, unknown>).keys());
      this.#visitItems('values()', (value as Map<unknown, unknown>).values());
    } else if (name === 'Set') {
      this.#visitItems('values()', value as Set<unknown>);
    }
  }

  #visitItems(view: string, items: Iterable<unknown>): void {
    let index = 0;
    for (const item of items) {
      this.#path.enter({ view, index: index++ });
      this.visit(item);
      this.#path.leave();
    }
  }

  #read(owner: object, key: string | number): unknown {
    try {
      return (owner as Record<string | number, unknown>)[key];
    } catch (cause) {
      throw this.#refusal('reading it failed', cause);
    }
  }

  #refusalOf(value: object, prototype: object): Error {
    const live = liveBuiltIn(value);
    if (live !== undefined) return this.#refusal(`it is a ${live}`);
    const constructor: unknown = (prototype as { constructor?: unknown }).constructor;
    const className =
      typeof constructor === 'function' && constructor.name !== '' ? constructor.name : '(anonymous)';
    return new UncacheableValueError(className, String(this.#path));
  }

  #refusal(reason: string, cause?: unknown): SerializationError {
    return new SerializationError(`${String(this.#path)} cannot be cached: ${reason}.`, cause);
  }
}
