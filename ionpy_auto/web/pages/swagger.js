// Starts Swagger UI. A file of its own, because the content security policy takes no inline script.
window.SwaggerUIBundle({
  url: '/schema',
  dom_id: '#swagger',
  deepLinking: true,
  validatorUrl: null,
  presets: [window.SwaggerUIBundle.presets.apis],
})
