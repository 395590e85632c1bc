/** What a reader of a record is seen to do. */
export interface RecordReads {
  /** A value was read, or it was asked whether there is one. */
  one(name: string, value: unknown): void;
  /** The names were listed: by `Object.keys`, a spread or JSON. `undefined` = it cannot be told which. */
  all(names: readonly string[] | undefined): void;
}

/** What promises and JSON look for on any object. */
const LOOKED_FOR = new Set(['then', 'toJSON']);

/**
 * A stand-in for an object of plain values, such as headers or cookies, that tells what is read of it. What is written to it
 * is written to the object.
 */
export function watchedRecord(record: object, reads: RecordReads): object {
  const tell = (name: string | symbol): void => {
    if (typeof name === 'symbol') return;
    const own = Object.hasOwn(record, name);
    // Methods of every object are no part of the record.
    if (!own && (LOOKED_FOR.has(name) || name in record)) return;
    reads.one(name, own ? Reflect.get(record, name) : undefined);
  };
  return new Proxy(record, {
    get(target, name) {
      tell(name);
      return Reflect.get(target, name) as unknown;
    },
    has(target, name) {
      tell(name);
      return Reflect.has(target, name);
    },
    getOwnPropertyDescriptor(target, name) {
      tell(name);
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
    ownKeys(target) {
      reads.all(Object.keys(target));
      return Reflect.ownKeys(target);
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  });
}
