import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../support/source-tree.js';

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(markdown: string): Set<string> {
  const prose = markdown.replaceAll(/^```.*?^```$/gms, '');
  return new Set(
    [...prose.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

it('links of the documents lead to files and headings that are there', async () => {
  const docs = await readdir(join(ROOT, 'docs'), { recursive: true });
  const pages = [
    ...['README.md', 'CONTRIBUTING.md', 'AGENTS.md', 'llms.txt'],
    ...docs.filter((name) => name.endsWith('.md')).map((name) => join('docs', name)),
  ];
  const broken: string[] = [];
  let links = 0;
  for (const page of pages) {
    const prose = readFileSync(join(ROOT, page), 'utf8').replaceAll(/^```.*?^```$/gms, '');
    for (const [, link = ''] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      links += 1;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
      const there =
        existsSync(target) && (anchor === undefined || anchorsOf(readFileSync(target, 'utf8')).has(anchor));
      if (!there) broken.push(`${relative('.', page)}: ${link}`);
    }
  }
  expect(links).toBeGreaterThan(100);
  expect(broken).toEqual([]);
});
