/**
 * Plain objects that are `bytes` long as JSON, by key: what an application caches, with text, numbers, dates as text, a list
 * and a nested object.
 *
 * @param {{ count: number, bytes: number }} options
 * @returns {Map<string, object>}
 */
export function sampleEntries({ count, bytes }) {
  return new Map(
    Array.from({ length: count }, (_, index) => [`product:${index}:details`, sampleValue(index, bytes)]),
  );
}

/**
 * @param {number} index
 * @param {number} bytes
 */
export function sampleValue(index, bytes) {
  const value =
    bytes < 400
      ? { id: index, name: `Product ${index}`, price: 1999 + index, text: '' }
      : {
          id: index,
          sku: `SKU-${String(index).padStart(8, '0')}`,
          name: `Product number ${index}`,
          price: { amount: 1999 + index, currency: 'EUR', taxIncluded: true },
          tags: ['garden', 'tools', 'outdoor', 'sale'],
          stock: [
            { place: 'Hamburg', count: index % 17 },
            { place: 'Lyon', count: index % 5 },
          ],
          createdAt: '2026-01-15T09:30:00.000Z',
          rating: 4.6,
          text: '',
        };
  const missing = bytes - JSON.stringify(value).length;
  value.text = FILLER.repeat(Math.ceil(Math.max(0, missing) / FILLER.length)).slice(0, Math.max(0, missing));
  return value;
}

const FILLER =
  'A sturdy tool for the garden, made of beech and steel; it lasts for years if it is kept dry. ';
