/** Title of a report without one. */
export const UNTITLED = 'Performance report'

/** Returns a file name for a title, without its extension. */
export const fileName = (title: string): string =>
  title
    .trim()
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 80) || 'report'

/** Returns the page of a report with a security policy: no remote content, no scripts. */
export function sealed(page: string): string {
  const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:">`
  return /<head[^>]*>/i.test(page) ? page.replace(/<head[^>]*>/i, (head) => head + policy) : policy + page
}
