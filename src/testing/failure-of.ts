/** What a promise is rejected with; `undefined` when it is fulfilled. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
  }
}

/** The name of the class of the error that a promise is rejected with; `undefined` when it is fulfilled. */
export async function failureNameOf(promise: Promise<unknown>): Promise<string | undefined> {
  const failure = await failureOf(promise);
  if (failure === undefined) return undefined;
  return failure instanceof Error ? failure.constructor.name : typeof failure;
}
