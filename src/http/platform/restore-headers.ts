import { listMembers, type HeaderValue } from '../rule/header-fields.js';
import type { StoredHeader } from '../rule/stored-response.js';

/** The value of a field as platforms give it. */
type PresentValue = number | string | readonly string[] | undefined;

/** Something that header fields can be set on. */
interface HeaderTarget {
  get(name: string): PresentValue;
  set(name: string, value: string | string[]): unknown;
  remove(name: string): unknown;
}

/**
 * Sets stored fields on a response, and takes those away that the handler had taken away. Only `Vary` grows: what middleware
 * has named for this request stays named.
 */
export function restoreHeaders(headers: readonly StoredHeader[], target: HeaderTarget): void {
  for (const { name, value } of headers) {
    if (name.toLowerCase() === 'vary') mergeVary(name, value, target);
    else if (typeof value === 'string') target.set(name, value);
    else if (value.length === 0) target.remove(name);
    else target.set(name, [...value]);
  }
}

/** Adds members to a list field, as they are written, after those that are there. */
export function withMembers(present: PresentValue, added: string): string {
  return [...valuesOf(present), added].join(', ');
}

function valuesOf(present: PresentValue): string[] {
  return [present ?? []]
    .flat()
    .map(String)
    .filter((value) => value !== '');
}

function mergeVary(name: string, stored: HeaderValue, target: HeaderTarget): void {
  const present = target.get('vary');
  const known = new Set(listMembers(valuesOf(present)));
  const added = textOf(stored)
    .split(',')
    .map((member) => member.trim())
    .filter((member) => member !== '' && !known.has(member.toLowerCase()));
  if (added.length > 0) target.set(name, withMembers(present, added.join(', ')));
}

function textOf(value: HeaderValue): string {
  return typeof value === 'string' ? value : value.join(',');
}
