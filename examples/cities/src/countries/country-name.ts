/** The name of a country in some language. */
export interface CountryName {
  readonly code: string;
  readonly language: string;
  readonly name: string;
}

/** The name of a country in the first language of an `Accept-Language` that is known, else in English. */
export function countryName(code: string, accepted = ''): CountryName | undefined {
  const wanted = accepted.split(',').map((member) => (member.split(';', 1)[0] ?? '').trim());
  const names = new Intl.DisplayNames([...wanted.filter(isLanguage), 'en'], {
    type: 'region',
    fallback: 'none',
  });
  const name = names.of(code);
  return name === undefined ? undefined : { code, language: names.resolvedOptions().locale, name };
}

function isLanguage(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length > 0;
  } catch {
    return false;
  }
}
