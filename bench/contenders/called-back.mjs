/**
 * What is called back with an error or an answer, as a promise.
 *
 * @param {(callback: (error?: unknown, answer?: any) => void) => unknown} begin
 * @returns {Promise<any>}
 */
export function calledBack(begin) {
  return new Promise((resolve, reject) => {
    begin((error, answer) => {
      if (error) reject(error instanceof Error ? error : new Error('An error was told.', { cause: error }));
      else resolve(answer);
    });
  });
}
