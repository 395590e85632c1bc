import { SerializationError } from '../errors.js';

/**
 * The value of the JSON text from byte `start` on. A key `__proto__` becomes an ordinary property.
 *
 * @throws SerializationError when it is no JSON. The engine's own message is left out, since it quotes the text
 */
export function parseJson(bytes: Buffer, start: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start)) as unknown;
  } catch {
    throw new SerializationError('The stored payload is not the JSON text it should be.');
  }
}
