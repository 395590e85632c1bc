/** The value of a field. Several fields of one name stand as an array. */
export type HeaderValue = string | readonly string[];

/** Header fields by lower-cased name. */
export type HeaderFields = ReadonlyMap<string, HeaderValue>;

/** Reads header fields as Node or a platform gives them. Numbers become strings, fields without a value are left out. */
export function headerFields(raw: Readonly<Record<string, unknown>>): Map<string, HeaderValue> {
  const fields = new Map<string, HeaderValue>();
  for (const [name, value] of Object.entries(raw)) {
    if (value === undefined || value === null) continue;
    fields.set(name.toLowerCase(), Array.isArray(value) ? value.map(String) : asText(value));
  }
  return fields;
}

/** The value of a field as Node or a platform gives it. */
export function fieldText(value: number | string | readonly string[] | undefined): HeaderValue | undefined {
  return typeof value === 'number' ? String(value) : value;
}

/** The value of a field in a list of them, whatever case its name is written in. */
export function fieldValue(
  headers: readonly { readonly name: string; readonly value: HeaderValue }[],
  wanted: string,
): HeaderValue | undefined {
  return headers.find(({ name }) => name.toLowerCase() === wanted)?.value;
}

/** The members of a comma-separated field, trimmed and lower-cased, without empty ones. */
export function listMembers(value: HeaderValue | undefined): string[] {
  if (value === undefined) return [];
  const text = typeof value === 'string' ? value : value.join(',');
  return text
    .split(',')
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
}

/**
 * The fields that differ from what they were `before`, and those whose names are in `always`. A field that is there no
 * more stands as an empty list.
 */
export function fieldsSince(
  before: HeaderFields,
  now: HeaderFields,
  always: ReadonlySet<string>,
): Map<string, HeaderValue> {
  const added = new Map<string, HeaderValue>();
  for (const [name, value] of now) {
    if (always.has(name) || !sameValue(before.get(name), value)) added.set(name, value);
  }
  for (const name of before.keys()) if (!now.has(name)) added.set(name, []);
  return added;
}

function sameValue(one: HeaderValue | undefined, other: HeaderValue): boolean {
  if (one === undefined || typeof one === 'string' || typeof other === 'string') return one === other;
  return one.length === other.length && one.every((value, index) => value === other[index]);
}

function asText(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}
