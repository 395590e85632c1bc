import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment } from './environment.mjs';

const RESULTS = process.env['BENCH_RESULTS'] ?? fileURLToPath(new URL('../results/', import.meta.url));

/**
 * A part of a page: what stands above the table, its head and its rows.
 *
 * @typedef {{ title: string, text?: string, head: readonly string[], rows: readonly (readonly string[])[] }} Section
 */

/**
 * Prints a page of results and writes it to `bench/results/<table>.md`.
 *
 * @param {string} table
 * @param {{ title: string, text: string, notes?: string, versions?: readonly string[], sections: readonly Section[] }} page
 */
export function report(table, { title, text, notes, versions = [], sections }) {
  const about = [...environment(), ...versions.map((one) => `- ${one}`)].join('\n');
  const remarks = notes === undefined ? [] : [`## What bounds it\n\n${notes}`];
  const parts = [`# ${title}`, text, ...sections.map(written), ...remarks, `## Measured on\n\n${about}`];
  const page = `${parts.join('\n\n')}\n`;
  mkdirSync(RESULTS, { recursive: true });
  writeFileSync(join(RESULTS, `${table}.md`), page);
  console.log(page);
}

/** @param {Section} section */
function written({ title, text, head, rows }) {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (/** @type {readonly string[]} */ cells) =>
    `| ${widths.map((width, column) => (cells[column] ?? '').padEnd(width)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const table = [line(head), rule, ...rows.map(line)].join('\n');
  return [`## ${title}`, ...(text === undefined ? [] : [text]), table].join('\n\n');
}
