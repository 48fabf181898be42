// Tells the editor where its workers are: files of their own beside this one, as the page's policy wants them.
self.MonacoEnvironment = {
  getWorker: (_id, label) => {
    const file = WORKER_FILES[label] ?? WORKER_FILES.editor;
    return new Worker(new URL(file, import.meta.url), { type: "module" });
  },
};
