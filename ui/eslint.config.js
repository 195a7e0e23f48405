import { readdirSync, readFileSync } from 'node:fs'
import js from '@eslint/js'
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import ts from 'typescript-eslint'
import svelteConfig from './svelte.config.js'

const tiers = JSON.parse(readFileSync(new URL('tiers.json', import.meta.url), 'utf8'))
const subjects = readdirSync(new URL('src/subjects', import.meta.url))

const tauri = { group: ['@tauri-apps/*'], message: 'Only src/backend knows Tauri.' }
const upward = (allowed, tier) => ({
  group: Object.keys(tiers)
    .filter((other) => other !== tier && !allowed.includes(other))
    .flatMap((other) => [`@/${other}`, `@/${other}/**`]),
  message: `${tier} imports only ${allowed.join(', ')}.`,
})
const sideways = (subject) => ({
  group: subjects.filter((other) => other !== subject).map((other) => `@/subjects/${other}/**`),
  message: 'A subject imports no other subject; join them in a view.',
})
const parents = { group: ['../*'], message: 'Other folders are imported as @/folder.' }

const tier = (files, ...patterns) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: patterns.filter(({ group }) => group.length) }] },
})

export default ts.config(
  { ignores: ['dist', 'node_modules', 'test-results', 'src/backend/generated'] },
  js.configs.recommended,
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { extraFileExtensions: ['.svelte'], parser: ts.parser, svelteConfig } },
  },
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      // `link` builds addresses with range and filters; SvelteKit's resolver is not in use.
      'svelte/no-navigation-without-resolve': 'off',
      // Maps and dates are reactive only where a component shows them; others are plain.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  tier(['src/*.{ts,svelte}'], tauri),
  ...Object.entries(tiers).map(([name, allowed]) =>
    tier([`src/${name}/**`], upward(allowed, name), ...(name === 'backend' ? [] : [tauri, parents])),
  ),
  ...subjects.map((subject) =>
    tier([`src/subjects/${subject}/**`], upward(tiers.subjects, 'subjects'), tauri, parents, sideways(subject)),
  ),
)
