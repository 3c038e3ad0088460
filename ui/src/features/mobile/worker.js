/**
 * Service worker of the phone page. It keeps the shell (the page, its scripts, styles and icons) so that the page
 * opens without a network and can say so. It never keeps data: requests to the API pass by it untouched.
 */
const SHELL = __SHELL__
const NAME = 'ionpy-shell-__VERSION__'
const PAGE = '/mobile'

self.addEventListener('install', (event) => {
  const page = new Request(PAGE, { headers: { accept: 'text/html' } }) // as a browser asks: the server tells pages from data by it
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll([page, ...SHELL])).then(() => self.skipWaiting()))
})

self.addEventListener('activate', (event) => {
  const old = (names) => names.filter((name) => name.startsWith('ionpy-shell-') && name !== NAME)
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))).then(() => self.clients.claim()))
})

/** The page of the server as long as it answers: only what cannot be reached comes from here. */
async function page(request) {
  try {
    return await fetch(request)
  } catch {
    return (await caches.match(PAGE)) ?? Response.error()
  }
}

self.addEventListener('fetch', (event) => {
  const { request } = event
  const url = new URL(request.url)
  if (request.method !== 'GET' || url.origin !== self.location.origin) return
  if (request.mode === 'navigate') {
    if (url.pathname.startsWith(PAGE)) event.respondWith(page(request))
  } else if (SHELL.includes(url.pathname)) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)))
  }
})
