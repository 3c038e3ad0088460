import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './app/App.vue'
import { router, warmPages } from './app/router'
import { startTheme } from './app/theme'
import { i18n, locale } from './i18n'
import { startLive } from './stores/live'
import './kit/tokens.css'
import './kit/base.css'

startTheme()
document.documentElement.lang = locale()
createApp(App).use(createPinia()).use(i18n).use(router).mount('#app')
startLive()
warmPages()
