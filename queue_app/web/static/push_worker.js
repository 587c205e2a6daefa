// Shows a notification that the server has sent, and opens the page of the number or the booking when it is pressed.
// Keeps nothing, and stands between no page and the network.

self.addEventListener("push", (event) => {
  const { title, body, url } = event.data?.json() ?? {};
  event.waitUntil(self.registration.showNotification(title || "Matazu", { body, data: url, tag: url, renotify: Boolean(url) }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = event.notification.data;
  if (url && new URL(url).origin === self.location.origin) event.waitUntil(self.clients.openWindow(url));
});
