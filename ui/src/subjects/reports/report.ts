/** What a report is called that was given no title. */
export const UNTITLED = 'Performance report'

/** A file name from a title, without its ending. */
export const fileName = (title: string): string =>
  title
    .trim()
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 80) || 'report'

/** The page of a report with its own security policy: nothing remote, no scripts. */
export function sealed(page: string): string {
  const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:">`
  return /<head[^>]*>/i.test(page) ? page.replace(/<head[^>]*>/i, (head) => head + policy) : policy + page
}
