"""A row of controls that gives way: where there is no room for all, some move into a menu at its end."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSizePolicy, QToolButton, QWidget

from app.widgets.icons import icon

_GAP_PX = 4


class GivingRow(QWidget):
    """Widgets side by side, of which some are hidden where they would be cut off otherwise.

    What a hidden button does is to be found in the menu of the last button, which is there only then.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._widgets: list[QWidget] = []
        self._gives: tuple[QWidget, ...] = ()
        self._given: tuple[QWidget, ...] = ()
        self._absent: set[QWidget] = set()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 4, 8, 4)
        self._row.setSpacing(_GAP_PX)
        self.more = QToolButton()
        self.more.setIcon(icon("more"))
        self.more.setAutoRaise(True)
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.more.setStyleSheet("QToolButton::menu-indicator { image: none; } QToolButton { padding: 4px; }")
        name = self.tr("More controls")
        self.more.setAccessibleName(name)
        self.more.setToolTip(name)
        menu = QMenu(self)
        menu.aboutToShow.connect(self._on_menu_about_to_show)
        self.more.setMenu(menu)

    @property
    def given(self) -> tuple[QWidget, ...]:
        """What is hidden for want of room."""
        return self._given

    def set_widgets(self, widgets: Sequence[QWidget | None], *, gives: Sequence[QWidget]) -> None:
        """Put widgets in; called once.

        Args:
            widgets: from left to right; a gap that widens where None stands.
            gives: those that may be hidden, the first to be hidden first.
        """
        for widget in widgets:
            if widget is None:
                self._row.addStretch(1)
            else:
                self._row.addWidget(widget)
                self._widgets.append(widget)
                if _asks_for_nothing(widget):
                    self._row.setStretchFactor(widget, 1)
        self._row.addWidget(self.more)
        self._gives = tuple(gives)
        self._fit()

    def set_present(self, widget: QWidget, *, is_present: bool) -> None:
        """Whether a widget is wanted at all just now."""
        if is_present:
            self._absent.discard(widget)
        else:
            self._absent.add(widget)
        self._fit()

    def _fit(self) -> None:
        """Hide as many as must be, in their order; show the others."""
        margins = self._row.contentsMargins()
        room = self.width() - margins.left() - margins.right()
        given: list[QWidget] = []
        waiting = [widget for widget in self._gives if widget not in self._absent]
        while waiting and self._needed(given) > room:
            given.append(waiting.pop(0))
        self._given = tuple(given)
        for widget in self._widgets:
            widget.setVisible(widget not in given and widget not in self._absent)
        self.more.setVisible(self._has_menu(given))

    def _needed(self, given: Sequence[QWidget]) -> int:
        """Least width with these hidden."""
        widths = [_least(one) for one in self._widgets if one not in given and one not in self._absent]
        if self._has_menu(given):
            widths.append(_least(self.more))
        return sum(widths) + _GAP_PX * max(0, len(widths) - 1)

    @staticmethod
    def _has_menu(given: Sequence[QWidget]) -> bool:
        return any(isinstance(widget, QToolButton) for widget in given)

    def _on_menu_about_to_show(self) -> None:
        menu = self.more.menu()
        menu.clear()
        for button in self._widgets:
            if button not in self._given or not isinstance(button, QToolButton):
                continue
            if button.menu() is not None:
                part = menu.addMenu(button.accessibleName())
                part.addActions(button.menu().actions())
                part.setEnabled(button.isEnabled())
            else:
                menu.addAction(button.defaultAction())

    def minimumSizeHint(self) -> QSize:
        """What there must be room for when all has given way that may."""
        margins = self._row.contentsMargins()
        height = max((one.sizeHint().height() for one in self._widgets), default=0)
        across = self._needed([widget for widget in self._gives if widget not in self._absent])
        return QSize(across + margins.left() + margins.right(), height + margins.top() + margins.bottom())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer widgets."""
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        """Sizes are known now."""
        super().showEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """A widget that asks for another size changes what fits."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return done


def _asks_for_nothing(widget: QWidget) -> bool:
    return widget.sizePolicy().horizontalPolicy() == QSizePolicy.Policy.Ignored


def _least(widget: QWidget) -> int:
    """The width below which a widget's words would be cut off."""
    if _asks_for_nothing(widget):
        return widget.minimumWidth()
    if widget.sizePolicy().horizontalPolicy() is QSizePolicy.Policy.Expanding:
        return widget.minimumWidth() or widget.minimumSizeHint().width()
    return min(max(widget.minimumWidth(), widget.sizeHint().width()), widget.maximumWidth())
