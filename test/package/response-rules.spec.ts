import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readTree, ROOT } from '../support/source-tree.js';

/** `1. **HTTP only.** …` */
const RULE = /^(\d+)\. \*\*/gm;
/** A describe that is named for a rule, and what it begins with. */
const NAMED = /^describe\((['"])rule (\d+): .+\1, \(\) => \{\n(.*)\n/gm;
const ON_BOTH = /^ {2}describe\.each\(platforms\)\('%s', /;

/** The numbers of rules that have a describe in these texts, on both platforms. */
function testedRules(texts: readonly string[]): Set<number> {
  const found = texts
    .flatMap((text) => [...text.matchAll(NAMED)])
    .filter(([, , , first]) => ON_BOTH.test(String(first)));
  return new Set(found.map(([, , number]) => Number(number)));
}

describe('the rules of the response cache', () => {
  const page = readFileSync(`${ROOT}docs/reference/response-rules.md`, 'utf8');
  const rules = [...page.matchAll(RULE)].map(([, number]) => Number(number));
  const specs = readTree(`${ROOT}test/e2e/http/rules`).map(({ text }) => text);

  it('are numbered without a gap', () => {
    expect(rules).toEqual(Array.from({ length: 23 }, (_, index) => index + 1));
  });

  it('have tests that are named for them, on both platforms', () => {
    const tested = testedRules(specs);
    expect(rules.filter((rule) => !tested.has(rule))).toEqual([]);
    expect([...tested].filter((rule) => !rules.includes(rule))).toEqual([]);
  });

  it('are missed where a test is on one platform, or has another name', () => {
    const on = (first: string) => `describe('rule 7: directives', () => {\n${first}\n`;
    expect(testedRules([on("  describe.each(platforms)('%s', (platform) => {")])).toEqual(new Set([7]));
    expect(testedRules([on("  it('is parsed', async () => {")])).toEqual(new Set());
    expect(testedRules(["describe('rules of directives', () => {\n"])).toEqual(new Set());
  });
});
