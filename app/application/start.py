"""From the start of the process to the end of the window."""

from __future__ import annotations

import gc
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtGui import QGuiApplication, Qt
from PySide6.QtWidgets import QApplication

from app.application.studio import Studio
from app.jobs.crash_reports import CrashReports, Logs, install_hooks
from app.viewmodels.preferences import Language, PreferencesStore
from app.widgets.icons import icon
from app.widgets.picture_gpu import VARIABLE as RENDERER_VARIABLE
from app.widgets.picture_gpu import Renderer
from flavr_core import __version__

TRANSLATIONS_DIR = Path(__file__).resolve().parents[2] / "resources" / "translations"
"""Our own translations, `studio_LANGUAGE.qm`."""

SWITCH_INTERVAL_S = 0.001
"""How long a thread may keep the interpreter while the window waits for it; Python's own 5 ms add up."""

_log = logging.getLogger(__name__)


def create_application() -> QApplication:
    """The QApplication as this program wants it; the one there is, if there is one."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    QGuiApplication.setHighDpiScaleFactorRoundingPolicy(Qt.HighDpiScaleFactorRoundingPolicy.PassThrough)
    app = QApplication(sys.argv[:1])
    app.setApplicationName("flavr-studio")
    app.setApplicationDisplayName("FLAVR Studio")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("flavr-studio")
    app.setStyle("Fusion")
    app.setWindowIcon(icon("clip"))
    return app


def install_translations(app: QApplication, language: Language) -> list[QTranslator]:
    """Have the window speak a language; English where there is no translation.

    Returns:
        The translators, to be removed by whoever wants another language.
    """
    locale = QLocale() if language is Language.SYSTEM else QLocale(str(language))
    english = QLocale(QLocale.Language.English)  # has no words of its own, but plurals
    installed = []
    for name, folder in (
        ("qtbase", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)),
        ("studio", str(TRANSLATIONS_DIR)),
    ):
        translator = QTranslator(app)
        if translator.load(locale, name, "_", folder) or translator.load(english, name, "_", folder):
            app.installTranslator(translator)
            installed.append(translator)
    return installed


def settle_interpreter() -> None:
    """Have the interpreter keep the window waiting as little as it can; to be called once all is built."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.freeze()  # what is there now stays to the end: looking through it again and again only stalls


def run(argv: Sequence[str]) -> int:
    """Open the window with files, and stay until it is closed; returns the process's exit code."""
    app = create_application()
    logs = Logs()
    reports = CrashReports(logs)
    _log.info("FLAVR Studio %s starts", __version__)
    store = PreferencesStore()
    if store.preferences.language is not Language.SYSTEM:
        QLocale.setDefault(QLocale(str(store.preferences.language)))  # numbers as in the words around them
    install_translations(app, store.preferences.language)
    if not store.preferences.gpu_painting:
        os.environ.setdefault(RENDERER_VARIABLE, Renderer.SOFTWARE)
    studio = Studio(app, store, logs=logs, reports=reports)
    restore_hooks = install_hooks(studio.on_fault)
    try:
        settle_interpreter()
        studio.start([Path(argument).absolute() for argument in argv if argument != "--"])
        code = app.exec()
    finally:
        studio.close()
        restore_hooks()
        _log.info("FLAVR Studio ends")
        reports.close()
        logs.close()
    return code
