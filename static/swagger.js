// Opens the API's description in Swagger UI. The 3.1 document: it knows bearer keys, and what may be null.
document.documentElement.classList.toggle('dark-mode', matchMedia('(prefers-color-scheme: dark)').matches);
SwaggerUIBundle({
  url: '/api.openapi.json',
  dom_id: '#swagger-ui',
  presets: [SwaggerUIBundle.presets.apis],
  layout: 'BaseLayout',
  deepLinking: true,
  validatorUrl: null, // it would send the description's address to another host
  defaultModelsExpandDepth: 0,
});
