import { flushSync } from 'svelte'
import { expect, it } from 'vitest'
import { Draft } from './draft.svelte'

it('retains typed text while its field has the focus', () => {
  let value = $state('old')
  const draft = new Draft(() => value)
  expect(draft.text).toBe('old')
  draft.focus(true)
  draft.text = 'typ'
  value = 'arrived'
  flushSync()
  expect(draft.text).toBe('typ')
  draft.text = 'typed'
  draft.focus(false)
  expect(draft.text).toBe('typed')
  value = 'chosen elsewhere'
  expect(draft.text).toBe('chosen elsewhere')
  draft.text = 'again'
  draft.drop()
  expect(draft.text).toBe('chosen elsewhere')
})
