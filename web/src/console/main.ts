import { startApp } from '../shared/app'
import App from './App.vue'
import { router } from './router'

startApp(App, router)
