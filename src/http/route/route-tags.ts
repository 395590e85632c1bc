import { checkTag } from '../../cache/check-tags.js';
import { fillPlaces, hasPlaces } from '../../di/tag-template.js';

/** A parameter or a wildcard of a path, whose name may stand in quotes. */
const PARAMETER = /[:*](?:"([^"]+)"|([\p{ID_Start}_$][\p{ID_Continue}$]*))/gu;

/** The names of the parameters in a path, as it was declared. */
export function parametersIn(path: string): ReadonlySet<string> {
  return new Set(Array.from(path.matchAll(PARAMETER), ([, quoted, plain]) => (quoted ?? plain) as string));
}

/**
 * The tags of a route for one request: the places in them are filled with the decoded parameters of its path. A tag whose
 * parameter the path leaves out (`{/:id}`) stands for nothing, and is left out, too.
 *
 * `undefined` = the request must not be cached: a parameter makes of a tag what can be none.
 */
export function routeTags(
  { tags }: { readonly tags: readonly string[] | undefined },
  params: Readonly<Record<string, unknown>>,
): readonly string[] | undefined {
  if (tags === undefined) return [];
  if (!tags.some(hasPlaces)) return tags;
  const filled = new Set<string>();
  for (const tag of tags) {
    const one = fillPlaces(tag, (name) => paramText(params, name));
    if (one === undefined) continue;
    if (!isTag(one)) return undefined;
    filled.add(one);
  }
  return [...filled];
}

/** A parameter as it was routed; the segments of a wildcard as they stood in the path. */
function paramText(params: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  if (Array.isArray(value)) return value.join('/');
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isTag(tag: string): boolean {
  try {
    checkTag(tag);
    return true;
  } catch {
    return false;
  }
}
