// The course in JupyterLab: a start page, a terminal beside the lesson, cells brought back as they were.
//
// Written by hand as what a bundler would make (a "federated" extension): it takes JupyterLab's own modules and brings none,
// so there is nothing to build and nothing to keep up to date. What it shows and decides comes from the Jupyter Server
// (environment/room); here is only what needs the browser.
(() => {
  "use strict";
  const NAME = "containers-course";
  let shared = {};

  /** One of JupyterLab's own modules. */
  async function take(name) {
    const versions = shared[name];
    const factory = await versions[Object.keys(versions)[0]].get();
    return factory();
  }

  async function build() {
    const { Widget } = await take("@lumino/widgets");
    const { ILayoutRestorer } = await take("@jupyterlab/application");
    const { Dialog, ICommandPalette, MainAreaWidget, Notification, ToolbarButton, WidgetTracker, showDialog, showErrorMessage } =
      await take("@jupyterlab/apputils");
    const { INotebookTracker, NotebookActions } = await take("@jupyterlab/notebook");
    const { ServerConnection } = await take("@jupyterlab/services");
    const { URLExt } = await take("@jupyterlab/coreutils");

    /** Ask the course's part of the server; its message is the error's. */
    async function ask(path, options = {}) {
      const settings = ServerConnection.makeSettings();
      const url = URLExt.join(settings.baseUrl, "course", path);
      const response = await ServerConnection.makeRequest(url, options, settings);
      if (!response.ok) {
        const told = await response.json().catch(() => ({}));
        throw new Error(told.message || `the server answered ${response.status}`);
      }
      return response;
    }

    const send = async (path, content) => (await ask(path, { method: "POST", body: JSON.stringify(content) })).json();

    const tell = (words) => Notification.success(words, { autoClose: 8000 });

    class Home extends Widget {
      constructor(app) {
        super();
        this.app = app;
        this.addClass("course-page");
        this.node.tabIndex = -1;
        this.node.addEventListener("click", (event) => this.clicked(event));
        // What the background work has got to is worth a look every few seconds, while somebody looks.
        this.timer = window.setInterval(() => {
          if (this.isVisible && this.node.querySelector("[data-busy]")) this.refresh();
        }, 3000);
      }
      dispose() {
        window.clearInterval(this.timer);
        super.dispose();
      }
      onAfterShow() {
        this.refresh();
      }
      async refresh() {
        try {
          const page = await (await ask("home")).text();
          // An untouched page keeps its focus and what is unfolded in it.
          if (page !== this.page) {
            this.page = page;
            this.node.innerHTML = page;
          }
        } catch (error) {
          this.node.textContent = `The start page could not be made: ${error.message}`;
        }
      }
      clicked(event) {
        const target = event.target.closest("[data-open], [data-do]");
        if (!target) return;
        event.preventDefault();
        if (target.dataset.open) {
          this.app.commands.execute("docmanager:open", { path: target.dataset.open });
        } else {
          this[target.dataset.do]().catch((error) => showErrorMessage("The course", error.message));
        }
      }
      async terminal() {
        await this.app.commands.execute("terminal:create-new");
      }
      async lab() {
        const place = this.node.querySelector(".course-lab");
        place.textContent = "looking …";
        try {
          place.innerHTML = await (await ask("running")).text();
        } catch (error) {
          place.textContent = `That can't be told now: ${error.message}`;
        }
      }
      async save() {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(await (await ask("progress")).blob());
        link.download = "course-progress.json";
        link.click();
        URL.revokeObjectURL(link.href);
      }
      async load() {
        const chooser = document.createElement("input");
        chooser.type = "file";
        chooser.accept = ".json,application/json";
        chooser.addEventListener("change", async () => {
          try {
            const answer = await ask("progress", { method: "PUT", body: await chooser.files[0].text() });
            tell((await answer.json()).message);
            await this.refresh();
          } catch (error) {
            showErrorMessage("Nothing was taken over", error.message);
          }
        });
        chooser.click();
      }
    }

    /** Put released cells into the open notebook: undoable, and nothing of the learner's own is taken out. */
    function putBack(panel, cells) {
      const model = panel.content.model.sharedModel;
      let place = -1;
      for (const cell of cells) {
        const at = model.cells.findIndex((found) => found.id === cell.id);
        if (at < 0) {
          model.insertCell(place + 1, { ...cell, outputs: cell.cell_type === "code" ? [] : undefined });
          place += 1;
        } else {
          if (model.cells[at].source !== cell.source) model.cells[at].setSource(cell.source);
          place = at;
        }
      }
    }

    async function restoreCell(panel) {
      const model = panel.content.activeCell.model.sharedModel;
      const asked = { path: panel.context.path, cell: model.id, text: model.source };
      const answer = await send("restore", asked);
      putBack(panel, answer.cells);
      tell(`The cell is as it was; yours is in ${answer.kept}.`);
    }

    async function restoreLesson(panel) {
      const sure = await showDialog({
        title: "Bring all cells of this lesson back?",
        body: "Your notebook is kept beside it as a backup; cells of your own stay where they are.",
        buttons: [Dialog.cancelButton(), Dialog.okButton({ label: "Restore" })],
      });
      if (!sure.button.accept) return;
      await panel.context.save();
      const answer = await send("restore", { path: panel.context.path });
      putBack(panel, answer.cells);
      tell(`All cells are as they were; your notebook is in ${answer.kept}.`);
    }

    async function terminalBeside(app, panel) {
      const folder = panel.context.path.split("/").slice(0, -1).join("/");
      const terminal = await app.commands.execute("terminal:create-new", { cwd: folder });
      app.shell.add(terminal, "main", { mode: "split-right", ref: panel.id });
      app.shell.activateById(terminal.id);
    }

    function activate(app, notebooks, palette, restorer) {
      let home = null;
      const { commands, shell } = app;
      const pages = new WidgetTracker({ namespace: NAME });

      const inLesson = (act) => async () => {
        const panel = notebooks.currentWidget;
        try {
          if (panel) await act(panel);
        } catch (error) {
          showErrorMessage("The course", error.message);
        }
      };
      const isEnabled = () => notebooks.currentWidget !== null;
      const table = {
        "course:home": { label: "Start page", execute: openHome },
        "course:terminal": { label: "Terminal beside this lesson", isEnabled, execute: inLesson((p) => terminalBeside(app, p)) },
        "course:restore-cell": { label: "Restore the selected cell", isEnabled, execute: inLesson(restoreCell) },
        "course:restore-lesson": { label: "Restore all cells of this lesson", isEnabled, execute: inLesson(restoreLesson) },
      };
      for (const [id, command] of Object.entries(table)) {
        commands.addCommand(id, command);
        if (palette) palette.addItem({ command: id, category: "Course" });
      }

      function openHome() {
        if (home === null || home.isDisposed) {
          home = new MainAreaWidget({ content: new Home(app) });
          home.id = "course-home";
          home.title.label = "Course";
          home.title.closable = true;
          pages.add(home);
          shell.add(home, "main");
          home.content.refresh();
        }
        shell.activateById(home.id);
      }

      if (restorer) restorer.restore(pages, { command: "course:home", name: () => "home" });

      const buttons = [
        ["Course", "course:home", "Where you are, and what is next"],
        ["Terminal", "course:terminal", "A terminal beside this lesson, in its lab"],
        ["Restore cell", "course:restore-cell", "Bring the selected cell back as it was; yours is kept"],
      ];
      app.docRegistry.addWidgetExtension("Notebook", {
        createNew: (panel) => {
          buttons.forEach(([label, id, tooltip], at) => {
            const button = new ToolbarButton({ label, tooltip, onClick: () => commands.execute(id) });
            panel.toolbar.insertItem(10 + at, id.replace(":", "-"), button);
          });
        },
      });
      NotebookActions.executed.connect(() => {
        if (home && !home.isDisposed && home.isVisible) home.content.refresh();
      });

      app.restored.then(() => {
        const open = [...shell.widgets("main")];
        // A link to a notebook leads there; a restored desk stays as it was left; an empty one begins with the start page.
        if (!location.pathname.includes("/tree/") && open.every((widget) => widget.id.startsWith("launcher"))) {
          openHome();
          open.forEach((widget) => widget.close());
        }
      });
    }

    const optional = [ICommandPalette, ILayoutRestorer];
    const plugin = { id: `${NAME}:room`, autoStart: true, requires: [INotebookTracker], optional, activate };
    return { __esModule: true, default: plugin };
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: (scope) => {
      shared = scope;
    },
    get: async () => {
      const module = await build();
      return () => module;
    },
  };
})();
