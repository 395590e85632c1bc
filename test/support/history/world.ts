/** What a change of the database concerns, and what is invalidated after it. */
export interface Change {
  readonly keys: readonly string[];
  readonly tags: readonly string[];
  /** Everything. */
  readonly all: boolean;
}

/** The tags of a key: those that are declared before it is loaded, and those that only its loader knows. */
export interface KeyTags {
  readonly declared: readonly string[];
  readonly named: readonly string[];
}

/** The keys that all nodes read and write. Few, so that they meet. */
export const KEYS: readonly string[] = Array.from({ length: 12 }, (_, index) => `k${index}`);

/** The kinds of keys by their tags: none, declared ones, both, and named ones. */
const KINDS: readonly KeyTags[] = [
  { declared: [], named: [] },
  { declared: ['d0'], named: [] },
  { declared: ['d0', 'd1'], named: ['n0'] },
  { declared: [], named: ['n0', 'n1'] },
];

/** All tags. */
export const TAGS: readonly string[] = ['d0', 'd1', 'n0', 'n1'];

/** The tags of a key, for ever the same. */
export function tagsOf(key: string): KeyTags {
  return KINDS[Number(key.slice(1)) % KINDS.length] as KeyTags;
}

/** The keys with the same tags, itself among them. */
export function kindOf(key: string): string[] {
  return KEYS.filter((other) => tagsOf(other) === tagsOf(key));
}

/** All tags of a key. */
export function allTagsOf(key: string): string[] {
  const { declared, named } = tagsOf(key);
  return [...declared, ...named];
}

/** Whether a change concerns a key. */
export function concerns(change: Change, key: string): boolean {
  return change.all || change.keys.includes(key) || allTagsOf(key).some((tag) => change.tags.includes(tag));
}

/** A change of these keys, tags. */
export function changeOf(change: Partial<Change>): Change {
  return { keys: [], tags: [], all: false, ...change };
}
