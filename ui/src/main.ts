import '@fontsource-variable/inter'
import '@fontsource-variable/jetbrains-mono'
import './tokens.css'
import './base.css'
import { mount } from 'svelte'
import App from './App.svelte'
import { keepPageVisible } from './shell/visible-page'

const target = document.getElementById('app')
keepPageVisible()
if (target) mount(App, { target })
