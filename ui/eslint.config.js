import js from '@eslint/js'
import svelte from 'eslint-plugin-svelte'
import globals from 'globals'
import ts from 'typescript-eslint'
import svelteConfig from './svelte.config.js'

const subjects = [
  'overview',
  'services',
  'metrics',
  'logs',
  'traces',
  'health',
  'alerts',
  'analysis',
  'reports',
  'settings',
  'connect',
]

const tauri = { group: ['@tauri-apps/*'], message: 'Only src/backend knows Tauri.' }
const upward = { group: ['**/views/*', '**/views'], message: 'Views are the top tier.' }
const subjectOf = (names) => names.flatMap((name) => [`**/${name}/*`, `**/${name}`])

const tier = (files, ...patterns) => ({
  files,
  rules: { 'no-restricted-imports': ['error', { patterns: [tauri, ...patterns] }] },
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
      // Addresses are built by `link`, which keeps range and filters; SvelteKit's resolver is not in use.
      'svelte/no-navigation-without-resolve': 'off',
      // Maps and dates are reactive only where a component shows them; the others are plain on purpose.
      'svelte/prefer-svelte-reactivity': 'off',
    },
  },
  tier(['src/*.{ts,svelte}', 'src/views/**']),
  tier(['src/shared/**'], upward, {
    group: subjectOf(subjects).map((pattern) => pattern.replace('**/', '../**/')),
    message: 'Shared code knows no subject.',
  }),
  ...subjects.map((subject) =>
    tier([`src/${subject}/**`], upward, {
      group: subjects.filter((other) => other !== subject).flatMap((other) => [`../${other}/*`, `../../${other}/*`]),
      message: 'A subject imports no other subject; join them in a view.',
    }),
  ),
)
