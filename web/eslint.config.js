import js from '@eslint/js'
import noUnsanitized from 'eslint-plugin-no-unsanitized'
import vue from 'eslint-plugin-vue'
import tseslint from 'typescript-eslint'

const nodeOnly = ['Buffer', 'process', 'global', '__dirname', '__filename', 'require'].map((name) => ({
  name,
  message: 'Not there in a browser.',
}))

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  ...vue.configs['flat/recommended'],
  noUnsanitized.configs.recommended,
  {
    files: ['src/**/*.{ts,vue}'],
    languageOptions: {
      parserOptions: { parser: tseslint.parser, projectService: true, extraFileExtensions: ['.vue'] },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      'no-eval': 'error',
      'no-implied-eval': 'error',
      'no-new-func': 'error',
      'no-undef': 'off',
      // Text from agents is cleaned by expressions over control characters.
      'no-control-regex': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      'vue/no-v-html': 'error',
      'vue/multi-word-component-names': 'off',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': 'off',
      'vue/multiline-html-element-content-newline': 'off',
      'vue/attributes-order': 'off',
    },
  },
  { files: ['src/**/*.{ts,vue}'], ignores: ['src/**/*.test.ts'], rules: { 'no-restricted-globals': ['error', ...nodeOnly] } },
  { files: ['src/**/*.test.ts', 'src/**/testing.ts'], rules: { '@typescript-eslint/no-non-null-assertion': 'off' } },
  {
    // The two layers that any other page could use: no framework and nothing of the apps.
    files: ['src/protocol/**/*.ts', 'src/remote/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: ['vue', 'vue-*', 'primevue*', '@primeuix/*', '*/shared/*', '*/console/*', '*/admin/*', '*/join/*'] },
      ],
    },
  },
)
