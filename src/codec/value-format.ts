import { SerializationError } from '../errors.js';
import type { ClassList } from './class-list.js';
import type { EncodedValue } from './codec.js';
import { PLAIN_JSON_FLAGS, SERIALIZATION, serializationOf } from './flags.js';
import { parseJson } from './parse-json.js';
import { isPlainValue } from './plain-json.js';
import { createRichJson, type RichJson } from './rich-json.js';
import type { Serializer } from './codec-options.js';
import { surveyValue } from './survey.js';

/** Turns values into payloads and back, without compression. */
export interface ValueFormat {
  encode(value: unknown): EncodedValue;
  /** `payload` is the callee's to keep. The compression in the flags is not looked at. Never gives `undefined`. */
  decode(flags: number, payload: Buffer): unknown;
}

/** The way in which values are written; what other caches wrote with the built-in serializer is read in any case. */
export function createValueFormat(
  classes: ClassList,
  serializer: Serializer | undefined,
  format: 'entry' | 'json',
): ValueFormat {
  const rich = createRichJson(classes);
  const write = serializer === undefined ? builtInWriter(classes, rich, format) : customWriter(serializer);
  return {
    encode: write,
    decode(flags, payload) {
      const value = read(serializationOf(flags), payload, rich, serializer);
      if (value === undefined) throw new SerializationError('The stored payload holds no value.');
      return value;
    },
  };
}

function builtInWriter(classes: ClassList, rich: RichJson, format: 'entry' | 'json'): ValueFormat['encode'] {
  return (value) => {
    if (isPlain(value)) return { flags: PLAIN_JSON_FLAGS, payload: jsonOf(value) };
    if (value === undefined) throw new SerializationError('undefined is never cached; null is a value.');
    // A copy: the caller may change the Buffer before it is sent.
    if (format === 'entry' && isBareBuffer(value))
      return { flags: SERIALIZATION.bytes, payload: Buffer.from(value) };
    const finding = surveyValue(value, classes);
    if (finding === 'plain' || (finding === 'plain-but-undefined' && format === 'json')) {
      return { flags: PLAIN_JSON_FLAGS, payload: jsonOf(value) };
    }
    if (format === 'entry') return { flags: SERIALIZATION.rich, payload: richOf(rich, value) };
    throw new SerializationError(
      "value cannot be cached in the format 'json': JSON does not keep all of it.",
    );
  };
}

function customWriter(serializer: Serializer): ValueFormat['encode'] {
  return (value) => {
    const payload = attempt(() => serializer.serialize(value), 'The serializer failed.');
    if (typeof payload === 'string' || Buffer.isBuffer(payload))
      return { flags: SERIALIZATION.custom, payload };
    throw new SerializationError('The serializer must give a string or a Buffer.');
  };
}

function read(
  serialization: number,
  payload: Buffer,
  rich: RichJson,
  serializer: Serializer | undefined,
): unknown {
  switch (serialization) {
    case SERIALIZATION.json:
      return parseJson(payload, 0);
    case SERIALIZATION.bytes:
      return payload;
    case SERIALIZATION.rich:
      return readRich(rich, payload);
    default:
  }
  if (serialization !== SERIALIZATION.custom || serializer === undefined) {
    throw new SerializationError('The stored payload was serialized in a way that cannot be read here.');
  }
  return attempt(() => serializer.deserialize(payload), 'The serializer could not read the stored payload.');
}

/** A getter that throws is met again by the survey, which names it. */
function isPlain(value: unknown): boolean {
  try {
    return isPlainValue(value);
  } catch {
    return false;
  }
}

function isBareBuffer(value: unknown): value is Buffer {
  return ArrayBuffer.isView(value) && Object.getPrototypeOf(value) === Buffer.prototype;
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (cause) {
    throw unwritable(cause);
  }
}

function richOf(rich: RichJson, value: unknown): string {
  try {
    return rich.write(value);
  } catch (cause) {
    throw unwritable(cause);
  }
}

/** Without the cause: the library's errors carry the value. */
function unwritable(cause: unknown): SerializationError {
  const deep = cause instanceof RangeError;
  return new SerializationError(
    `value cannot be cached: ${deep ? 'it is nested too deeply' : 'reading it failed'}.`,
  );
}

/** Without the cause: its message may quote the payload. */
function readRich(rich: RichJson, payload: Buffer): unknown {
  try {
    return rich.read(payload.toString('utf8'));
  } catch {
    throw new SerializationError(
      'The stored payload is corrupt, or holds an instance of a class that is not listed.',
    );
  }
}

function attempt<T>(work: () => T, failure: string): T {
  try {
    return work();
  } catch (cause) {
    throw new SerializationError(failure, cause);
  }
}
