/* The interactive page of the API: Swagger UI on our own description, in the page's theme, signed in by the session. */
(function () {
  "use strict";
  var place = document.getElementById("api");
  var root = document.documentElement;
  function theme() { root.classList.toggle("dark-mode", root.getAttribute("data-bs-theme") === "dark"); }
  theme();
  new MutationObserver(theme).observe(root, { attributes: true, attributeFilter: ["data-bs-theme"] });
  place.textContent = "";
  window.SwaggerUIBundle({
    domNode: place,
    url: place.dataset.schema,
    deepLinking: true,
    docExpansion: "none",
    defaultModelsExpandDepth: -1,
    displayRequestDuration: true,
    validatorUrl: null,
    queryConfigEnabled: false,
    requestInterceptor: function (request) {
      if (new URL(request.url, location.href).origin === location.origin && !/^(GET|HEAD)$/i.test(request.method || "GET")) {
        request.headers["X-CSRFToken"] = place.dataset.csrf;
      }
      return request;
    }
  });
})();
