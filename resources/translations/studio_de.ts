<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>AboutDialog</name>
    <message>
        <source>About FLAVR Studio</source>
        <translation>Über FLAVR Studio</translation>
    </message>
    <message>
        <source>FLAVR Studio {version}</source>
        <translation>FLAVR Studio {version}</translation>
    </message>
    <message>
        <source>Makes video smoother or slower by drawing the frames that were never filmed. Free software under the Apache License 2.0.</source>
        <translation>Macht Videos flüssiger oder langsamer, indem es die Bilder zeichnet, die nie gefilmt wurden. Freie Software unter der Apache-Lizenz 2.0.</translation>
    </message>
    <message>
        <source>After {link} by Tarun Kalluri and others, WACV 2023.</source>
        <translation>Nach {link} von Tarun Kalluri und anderen, WACV 2023.</translation>
    </message>
</context>
<context>
    <name>AnimationStage</name>
    <message>
        <source>The animation</source>
        <translation>Die Animation</translation>
    </message>
</context>
<context>
    <name>CardPictureDialog</name>
    <message>
        <source>{name}: hard cases</source>
        <translation>{name}: schwierige Fälle</translation>
    </message>
    <message>
        <source>Rendered scenes, a row each, in the middle of a gap: the frames before and after, a cross-fade, classical flow, this network, and what is true. Of each the part is shown where this network errs most; numbers are dB over the whole picture, more is better.</source>
        <translation>Gezeichnete Szenen, je eine Zeile, in der Mitte einer Lücke: das Bild davor und danach, eine Überblendung, klassischer Fluss, dieses Netz und das wahre Bild. Gezeigt ist je der Teil, in dem sich dieses Netz am meisten irrt; die Zahlen sind dB über das ganze Bild, mehr ist besser.</translation>
    </message>
</context>
<context>
    <name>ClipDelegate</name>
    <message>
        <source>Reading ...</source>
        <translation>Wird gelesen ...</translation>
    </message>
</context>
<context>
    <name>Clips</name>
    <message>
        <source>{seconds} s</source>
        <translation>{seconds} s</translation>
    </message>
    <message>
        <source>{rate} fps</source>
        <translation>{rate} B/s</translation>
    </message>
    <message>
        <source>No sound</source>
        <translation>Kein Ton</translation>
    </message>
    <message>
        <source>The file has no sound.</source>
        <translation>Die Datei hat keinen Ton.</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Hinweis</translation>
    </message>
    <message>
        <source>Notes</source>
        <translation>Hinweise</translation>
    </message>
    <message>
        <source>There is one picture only, so nothing can be drawn in between.</source>
        <translation>Es ist nur ein Bild, dazwischen lässt sich nichts zeichnen.</translation>
    </message>
    <message>
        <source>1 frame</source>
        <translation>1 Bild</translation>
    </message>
    <message>
        <source>The time between frames varies; {rate} frames a second is the average.</source>
        <translation>Der Abstand der Bilder schwankt; im Mittel sind es {rate} Bilder pro Sekunde.</translation>
    </message>
    <message>
        <source>Variable rate</source>
        <translation>Variable Rate</translation>
    </message>
    <message>
        <source>An animated image; it has no sound.</source>
        <translation>Ein animiertes Bild; es hat keinen Ton.</translation>
    </message>
    <message numerus="yes">
        <source>%n images, shown at {rate} a second.</source>
        <translation>
            <numerusform>%n Bild, gezeigt mit {rate} pro Sekunde.</numerusform>
            <numerusform>%n Bilder, gezeigt mit {rate} pro Sekunde.</numerusform>
        </translation>
    </message>
    <message>
        <source>Images</source>
        <translation>Bilder</translation>
    </message>
    <message numerus="yes">
        <source>%n bit</source>
        <translation>
            <numerusform>%n Bit</numerusform>
            <numerusform>%n Bit</numerusform>
        </translation>
    </message>
    <message>
        <source>More shades than the usual 8 bits; they are kept.</source>
        <translation>Mehr Abstufungen als die üblichen 8 Bit; sie bleiben erhalten.</translation>
    </message>
    <message>
        <source>High dynamic range ({kind}); shown toned down, kept in the result.</source>
        <translation>Hoher Dynamikumfang ({kind}); hier abgedunkelt gezeigt, im Ergebnis erhalten.</translation>
    </message>
    <message>
        <source>Alpha</source>
        <translation>Alpha</translation>
    </message>
    <message>
        <source>Parts of the picture are see-through.</source>
        <translation>Teile des Bildes sind durchsichtig.</translation>
    </message>
    <message>
        <source>Two half pictures make a frame; they are joined before anything is drawn.</source>
        <translation>Zwei Halbbilder ergeben ein Bild; sie werden vor dem Zeichnen vereint.</translation>
    </message>
    <message>
        <source>Interlaced</source>
        <translation>Interlaced</translation>
    </message>
    <message>
        <source>The file asks for the picture to be turned, which is done.</source>
        <translation>Die Datei verlangt, dass das Bild gedreht wird; das geschieht.</translation>
    </message>
    <message>
        <source>Rotated {angle}°</source>
        <translation>Gedreht um {angle}°</translation>
    </message>
    <message>
        <source>Pixels are {aspect} times as wide as high.</source>
        <translation>Pixel sind {aspect}-mal so breit wie hoch.</translation>
    </message>
    <message>
        <source>Wide pixels</source>
        <translation>Breite Pixel</translation>
    </message>
</context>
<context>
    <name>ClipsModel</name>
    <message>
        <source>Only files on this computer can be opened.</source>
        <translation>Nur Dateien auf diesem Computer lassen sich öffnen.</translation>
    </message>
    <message numerus="yes">
        <source>%n clips removed from the list. Undo brings them back.</source>
        <translation>
            <numerusform>%n Clip von der Liste entfernt. Rückgängig bringt ihn zurück.</numerusform>
            <numerusform>%n Clips von der Liste entfernt. Rückgängig bringt sie zurück.</numerusform>
        </translation>
    </message>
    <message>
        <source>{name} is in the list already.</source>
        <translation>{name} ist schon in der Liste.</translation>
    </message>
    <message numerus="yes">
        <source>%n clips are in the list already.</source>
        <translation>
            <numerusform>%n Clip ist schon in der Liste.</numerusform>
            <numerusform>%n Clips sind schon in der Liste.</numerusform>
        </translation>
    </message>
    <message>
        <source>The folder {name} holds no clips.</source>
        <translation>Der Ordner {name} enthält keine Clips.</translation>
    </message>
    <message numerus="yes">
        <source>Only the first %n clips were taken.</source>
        <translation>
            <numerusform>Nur der erste Clip wurde genommen.</numerusform>
            <numerusform>Nur die ersten %n Clips wurden genommen.</numerusform>
        </translation>
    </message>
    <message>
        <source>It cannot be read: {reason}</source>
        <translation>Sie lässt sich nicht lesen: {reason}</translation>
    </message>
    <message>
        <source>The file is gone. It was moved, renamed, or its disk is not connected.</source>
        <translation>Die Datei ist weg. Sie wurde verschoben oder umbenannt, oder ihr Laufwerk ist nicht verbunden.</translation>
    </message>
</context>
<context>
    <name>ClipsView</name>
    <message>
        <source>The clipboard holds no files.</source>
        <translation>In der Zwischenablage sind keine Dateien.</translation>
    </message>
    <message>
        <source>Clips and images</source>
        <translation>Clips und Bilder</translation>
    </message>
    <message>
        <source>All files</source>
        <translation>Alle Dateien</translation>
    </message>
    <message>
        <source>Open clips</source>
        <translation>Clips öffnen</translation>
    </message>
    <message>
        <source>Open a folder</source>
        <translation>Ordner öffnen</translation>
    </message>
    <message>
        <source>Clips</source>
        <translation>Clips</translation>
    </message>
    <message>
        <source>Add clips</source>
        <translation>Clips hinzufügen</translation>
    </message>
    <message>
        <source>Drop clips here</source>
        <translation>Clips hier ablegen</translation>
    </message>
    <message>
        <source>Videos, GIFs, folders of images: several at once</source>
        <translation>Videos, GIFs, Ordner mit Bildern: auch mehrere auf einmal</translation>
    </message>
    <message>
        <source>Open files...</source>
        <translation>Dateien öffnen...</translation>
    </message>
    <message>
        <source>Files...</source>
        <translation>Dateien...</translation>
    </message>
    <message>
        <source>Open a folder...</source>
        <translation>Ordner öffnen...</translation>
    </message>
    <message>
        <source>Folder...</source>
        <translation>Ordner...</translation>
    </message>
    <message>
        <source>Find the file...</source>
        <translation>Datei suchen...</translation>
    </message>
    <message>
        <source>Show in its folder</source>
        <translation>Im Ordner zeigen</translation>
    </message>
    <message>
        <source>Copy its path</source>
        <translation>Pfad kopieren</translation>
    </message>
    <message>
        <source>Read again</source>
        <translation>Neu lesen</translation>
    </message>
    <message>
        <source>Images a second...</source>
        <translation>Bilder pro Sekunde...</translation>
    </message>
    <message>
        <source>Images a second</source>
        <translation>Bilder pro Sekunde</translation>
    </message>
    <message>
        <source>How many images of this series make a second?</source>
        <translation>Wie viele Bilder dieser Reihe ergeben eine Sekunde?</translation>
    </message>
    <message>
        <source>Move up</source>
        <translation>Nach oben</translation>
    </message>
    <message>
        <source>Move down</source>
        <translation>Nach unten</translation>
    </message>
    <message>
        <source>Remove from the list</source>
        <translation>Aus der Liste entfernen</translation>
    </message>
    <message>
        <source>Where is {name}?</source>
        <translation>Wo ist {name}?</translation>
    </message>
</context>
<context>
    <name>CommandPalette</name>
    <message>
        <source>Find a command</source>
        <translation>Befehl suchen</translation>
    </message>
    <message>
        <source>What should be done?</source>
        <translation>Was soll geschehen?</translation>
    </message>
    <message>
        <source>Commands</source>
        <translation>Befehle</translation>
    </message>
</context>
<context>
    <name>Commands</name>
    <message>
        <source>Undone: {what}</source>
        <translation>Zurückgenommen: {what}</translation>
    </message>
    <message>
        <source>Done again: {what}</source>
        <translation>Wieder getan: {what}</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>Wiederholen</translation>
    </message>
    <message>
        <source>Forget these</source>
        <translation>Diese vergessen</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Bearbeiten</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansicht</translation>
    </message>
    <message>
        <source>Playback</source>
        <translation>Wiedergabe</translation>
    </message>
    <message>
        <source>Queue</source>
        <translation>Warteschlange</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>Hilfe</translation>
    </message>
    <message>
        <source>Open...</source>
        <translation>Öffnen...</translation>
    </message>
    <message>
        <source>Paste files</source>
        <translation>Dateien einfügen</translation>
    </message>
    <message>
        <source>Try the sample clip</source>
        <translation>Beispielclip ausprobieren</translation>
    </message>
    <message>
        <source>Remove clip</source>
        <translation>Clip entfernen</translation>
    </message>
    <message>
        <source>Open folder...</source>
        <translation>Ordner öffnen...</translation>
    </message>
    <message>
        <source>Reopen last time&apos;s clips</source>
        <translation>Clips vom letzten Mal wieder öffnen</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Export as GIF</source>
        <translation>Als GIF exportieren</translation>
    </message>
    <message>
        <source>Export comparison...</source>
        <translation>Vergleich exportieren...</translation>
    </message>
    <message>
        <source>Add to queue</source>
        <translation>In die Warteschlange</translation>
    </message>
    <message>
        <source>Copy as command</source>
        <translation>Als Befehl kopieren</translation>
    </message>
    <message>
        <source>Save frame...</source>
        <translation>Bild speichern...</translation>
    </message>
    <message>
        <source>Save picture of the comparison...</source>
        <translation>Bild des Vergleichs speichern...</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Set in point</source>
        <translation>Anfang setzen</translation>
    </message>
    <message>
        <source>Set out point</source>
        <translation>Ende setzen</translation>
    </message>
    <message>
        <source>Clear in and out points</source>
        <translation>Anfang und Ende löschen</translation>
    </message>
    <message>
        <source>Add or remove a cut here</source>
        <translation>Schnitt hier setzen oder entfernen</translation>
    </message>
    <message>
        <source>Preferences...</source>
        <translation>Einstellungen...</translation>
    </message>
    <message>
        <source>Wipe</source>
        <translation>Schieber</translation>
    </message>
    <message>
        <source>Side by side</source>
        <translation>Nebeneinander</translation>
    </message>
    <message>
        <source>Above and below</source>
        <translation>Übereinander</translation>
    </message>
    <message>
        <source>Flip between the sides</source>
        <translation>Zwischen den Seiten wechseln</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Differenz</translation>
    </message>
    <message>
        <source>Swap sides</source>
        <translation>Seiten tauschen</translation>
    </message>
    <message>
        <source>Optical flow on side B</source>
        <translation>Optischer Fluss auf Seite B</translation>
    </message>
    <message>
        <source>Labels over the picture</source>
        <translation>Beschriftung über dem Bild</translation>
    </message>
    <message>
        <source>Fit to the window</source>
        <translation>In das Fenster einpassen</translation>
    </message>
    <message>
        <source>One to one</source>
        <translation>Eins zu eins</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Verkleinern</translation>
    </message>
    <message>
        <source>Magnifier</source>
        <translation>Lupe</translation>
    </message>
    <message>
        <source>Measure A against B</source>
        <translation>A gegen B messen</translation>
    </message>
    <message>
        <source>Full screen</source>
        <translation>Vollbild</translation>
    </message>
    <message>
        <source>Clips</source>
        <translation>Clips</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Timeline</source>
        <translation>Zeitleiste</translation>
    </message>
    <message>
        <source>Play or pause</source>
        <translation>Wiedergabe oder Pause</translation>
    </message>
    <message>
        <source>Slower</source>
        <translation>Langsamer</translation>
    </message>
    <message>
        <source>Faster</source>
        <translation>Schneller</translation>
    </message>
    <message>
        <source>One frame back</source>
        <translation>Ein Bild zurück</translation>
    </message>
    <message>
        <source>One frame forward</source>
        <translation>Ein Bild vor</translation>
    </message>
    <message>
        <source>One second back</source>
        <translation>Eine Sekunde zurück</translation>
    </message>
    <message>
        <source>One second forward</source>
        <translation>Eine Sekunde vor</translation>
    </message>
    <message>
        <source>Previous cut</source>
        <translation>Voriger Schnitt</translation>
    </message>
    <message>
        <source>Next cut</source>
        <translation>Nächster Schnitt</translation>
    </message>
    <message>
        <source>To the start</source>
        <translation>Zum Anfang</translation>
    </message>
    <message>
        <source>To the end</source>
        <translation>Zum Ende</translation>
    </message>
    <message>
        <source>To the in point</source>
        <translation>Zur Anfangsmarke</translation>
    </message>
    <message>
        <source>To the out point</source>
        <translation>Zur Endmarke</translation>
    </message>
    <message>
        <source>Loop the range</source>
        <translation>Bereich wiederholen</translation>
    </message>
    <message>
        <source>Go to time...</source>
        <translation>Zu einer Zeit gehen...</translation>
    </message>
    <message>
        <source>Mute</source>
        <translation>Stumm</translation>
    </message>
    <message>
        <source>Preview from here</source>
        <translation>Vorschau ab hier</translation>
    </message>
    <message>
        <source>Start the queue</source>
        <translation>Warteschlange starten</translation>
    </message>
    <message>
        <source>Pause the queue</source>
        <translation>Warteschlange anhalten</translation>
    </message>
    <message>
        <source>Remove what is finished</source>
        <translation>Fertiges entfernen</translation>
    </message>
    <message>
        <source>Find a command...</source>
        <translation>Befehl suchen...</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Models...</source>
        <translation>Modelle...</translation>
    </message>
    <message>
        <source>Check this computer...</source>
        <translation>Diesen Computer prüfen...</translation>
    </message>
    <message>
        <source>Log...</source>
        <translation>Protokoll...</translation>
    </message>
    <message>
        <source>Welcome</source>
        <translation>Willkommen</translation>
    </message>
    <message>
        <source>About FLAVR Studio</source>
        <translation>Über FLAVR Studio</translation>
    </message>
    <message>
        <source>Side A alone, while held</source>
        <translation>Nur Seite A, solange gehalten</translation>
    </message>
    <message>
        <source>Side B alone, while held</source>
        <translation>Nur Seite B, solange gehalten</translation>
    </message>
    <message>
        <source>The wipe follows the mouse, while held</source>
        <translation>Der Schieber folgt der Maus, solange gehalten</translation>
    </message>
</context>
<context>
    <name>CompareBar</name>
    <message>
        <source>How a difference is shown</source>
        <translation>Wie eine Differenz gezeigt wird</translation>
    </message>
    <message>
        <source>As it is</source>
        <translation>Wie sie ist</translation>
    </message>
    <message>
        <source>Amplified {gain}×</source>
        <translation>Verstärkt {gain}×</translation>
    </message>
    <message>
        <source>Signed {gain}×</source>
        <translation>Mit Vorzeichen {gain}×</translation>
    </message>
</context>
<context>
    <name>CompareView</name>
    <message>
        <source>Nothing to show yet</source>
        <translation>Noch nichts zu zeigen</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>Wipe: A on the left of the line, B on its right</source>
        <translation>Schieber: A links der Linie, B rechts</translation>
    </message>
    <message>
        <source>A and B side by side</source>
        <translation>A und B nebeneinander</translation>
    </message>
    <message>
        <source>A above B</source>
        <translation>A über B</translation>
    </message>
    <message>
        <source>A and B in turn</source>
        <translation>A und B abwechselnd</translation>
    </message>
    <message>
        <source>Difference of A and B</source>
        <translation>Differenz von A und B</translation>
    </message>
    <message>
        <source>A alone</source>
        <translation>Nur A</translation>
    </message>
    <message>
        <source>B alone</source>
        <translation>Nur B</translation>
    </message>
    <message>
        <source>No picture on side {side} yet</source>
        <translation>Noch kein Bild auf Seite {side}</translation>
    </message>
    <message>
        <source>A difference needs both sides; {side} has no picture yet</source>
        <translation>Eine Differenz braucht beide Seiten; {side} hat noch kein Bild</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Differenz</translation>
    </message>
    <message>
        <source>Difference × {gain}</source>
        <translation>Differenz × {gain}</translation>
    </message>
    <message>
        <source>B − A, signed × {gain}</source>
        <translation>B − A, mit Vorzeichen × {gain}</translation>
    </message>
    <message>
        <source>both at {width} × {height}</source>
        <translation>beide in {width} × {height}</translation>
    </message>
</context>
<context>
    <name>Comparing</name>
    <message>
        <source>The comparison cannot be exported</source>
        <translation>Der Vergleich lässt sich nicht exportieren</translation>
    </message>
    <message>
        <source>There is nothing to compare.</source>
        <translation>Es gibt nichts zu vergleichen.</translation>
    </message>
    <message>
        <source>Put a picture on both sides.</source>
        <translation>Auf beiden Seiten muss ein Bild stehen.</translation>
    </message>
    <message>
        <source>{a} against {b}</source>
        <translation>{a} gegen {b}</translation>
    </message>
    <message>
        <source>Optical flow cannot be exported as a comparison.</source>
        <translation>Optischer Fluss lässt sich nicht als Vergleich exportieren.</translation>
    </message>
    <message>
        <source>Put another picture on this side, or save a picture of the comparison.</source>
        <translation>Ein anderes Bild auf diese Seite stellen oder ein Bild des Vergleichs speichern.</translation>
    </message>
    <message>
        <source>Measuring...</source>
        <translation>Wird gemessen...</translation>
    </message>
    <message>
        <source>A {a} against B {b}:  PSNR {psnr} dB  ·  SSIM {ssim}</source>
        <translation>A {a} gegen B {b}:  PSNR {psnr} dB  ·  SSIM {ssim}</translation>
    </message>
    <message>
        <source>both at {width} × {height}</source>
        <translation>beide in {width} × {height}</translation>
    </message>
</context>
<context>
    <name>ComparisonDialog</name>
    <message>
        <source>Export comparison</source>
        <translation>Vergleich exportieren</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Wipe</source>
        <translation>Schieber</translation>
    </message>
    <message>
        <source>Side by side</source>
        <translation>Nebeneinander</translation>
    </message>
    <message>
        <source>Above and below</source>
        <translation>Übereinander</translation>
    </message>
    <message>
        <source>Flip between the sides</source>
        <translation>Zwischen den Seiten wechseln</translation>
    </message>
    <message>
        <source>Difference</source>
        <translation>Differenz</translation>
    </message>
    <message>
        <source>Amplified</source>
        <translation>Verstärkt</translation>
    </message>
    <message>
        <source>As it is</source>
        <translation>Wie sie ist</translation>
    </message>
    <message>
        <source>Signed, around gray</source>
        <translation>Mit Vorzeichen, um Grau</translation>
    </message>
    <message>
        <source>The line goes across and back</source>
        <translation>Die Linie geht hin und her</translation>
    </message>
    <message>
        <source>Say on the picture what is what</source>
        <translation>Auf dem Bild beschriften, was was ist</translation>
    </message>
    <message>
        <source>As large as both sides need</source>
        <translation>So groß, wie beide Seiten brauchen</translation>
    </message>
    <message>
        <source>Choose...</source>
        <translation>Wählen...</translation>
    </message>
    <message>
        <source>View</source>
        <translation>Ansicht</translation>
    </message>
    <message>
        <source>Largest width</source>
        <translation>Größte Breite</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Abspielen</translation>
    </message>
    <message>
        <source>Show in its folder</source>
        <translation>Im Ordner zeigen</translation>
    </message>
    <message>
        <source>Video, animation or picture (*.mp4 *.mkv *.webm *.mov *.gif *.webp *.png)</source>
        <translation>Video, Animation oder Bild (*.mp4 *.mkv *.webm *.mov *.gif *.webp *.png)</translation>
    </message>
    <message>
        <source>Replace {name}?</source>
        <translation>{name} ersetzen?</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Anhalten</translation>
    </message>
    <message numerus="yes">
        <source>{done} of %n pictures</source>
        <translation>
            <numerusform>{done} von %n Bild</numerusform>
            <numerusform>{done} von %n Bildern</numerusform>
        </translation>
    </message>
    <message>
        <source>{name} is written.</source>
        <translation>{name} ist geschrieben.</translation>
    </message>
    <message>
        <source>Stopped; nothing is left of it.</source>
        <translation>Angehalten; nichts davon bleibt zurück.</translation>
    </message>
</context>
<context>
    <name>DoctorDialog</name>
    <message>
        <source>Check this computer</source>
        <translation>Diesen Computer prüfen</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Look again</source>
        <translation>Noch einmal prüfen</translation>
    </message>
    <message>
        <source>fine</source>
        <translation>in Ordnung</translation>
    </message>
    <message>
        <source>could be better</source>
        <translation>könnte besser sein</translation>
    </message>
    <message>
        <source>problem</source>
        <translation>Problem</translation>
    </message>
</context>
<context>
    <name>DoctorModel</name>
    <message>
        <source>Looking at this computer...</source>
        <translation>Dieser Computer wird geprüft...</translation>
    </message>
    <message numerus="yes">
        <source>%n problems keep clips from being converted.</source>
        <translation>
            <numerusform>%n Problem verhindert, dass Clips umgewandelt werden.</numerusform>
            <numerusform>%n Probleme verhindern, dass Clips umgewandelt werden.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Everything works; %n things could be better.</source>
        <translation>
            <numerusform>Alles funktioniert; %n Sache könnte besser sein.</numerusform>
            <numerusform>Alles funktioniert; %n Dinge könnten besser sein.</numerusform>
        </translation>
    </message>
    <message>
        <source>Everything works.</source>
        <translation>Alles geht.</translation>
    </message>
</context>
<context>
    <name>Durations</name>
    <message>
        <source>less than a second</source>
        <translation>weniger als eine Sekunde</translation>
    </message>
    <message>
        <source>{s} s</source>
        <translation>{s} s</translation>
    </message>
    <message>
        <source>{min} min {s} s</source>
        <translation>{min} min {s} s</translation>
    </message>
    <message>
        <source>{min} min</source>
        <translation>{min} min</translation>
    </message>
    <message>
        <source>about {time}</source>
        <translation>etwa {time}</translation>
    </message>
    <message>
        <source>at least {time}</source>
        <translation>mindestens {time}</translation>
    </message>
    <message>
        <source>{h} h {min} min</source>
        <translation>{h} h {min} min</translation>
    </message>
    <message>
        <source>{h} h</source>
        <translation>{h} h</translation>
    </message>
    <message>
        <source>{days} days</source>
        <translation>{days} Tage</translation>
    </message>
</context>
<context>
    <name>Errors</name>
    <message>
        <source>Something in the program failed</source>
        <translation>Etwas im Programm ist fehlgeschlagen</translation>
    </message>
    <message>
        <source>Your clips, marks and the queue are kept. You can go on, or start the program again.</source>
        <translation>Clips, Marken und die Warteschlange sind gesichert. Es kann weitergehen, oder das Programm wird neu gestartet.</translation>
    </message>
    <message>
        <source>A report was stored. Please send it along when you report this.</source>
        <translation>Ein Bericht wurde gespeichert. Bitte bei einer Meldung beilegen.</translation>
    </message>
    <message>
        <source>A report could not be stored.</source>
        <translation>Ein Bericht konnte nicht gespeichert werden.</translation>
    </message>
    <message>
        <source>Show report</source>
        <translation>Bericht zeigen</translation>
    </message>
</context>
<context>
    <name>ExportDetails</name>
    <message>
        <source>Change {setting}</source>
        <translation>{setting} ändern</translation>
    </message>
    <message>
        <source>{format} is not made by a video encoder.</source>
        <translation>{format} wird von keinem Video-Encoder gemacht.</translation>
    </message>
    <message>
        <source>{format} has neither sound nor subtitles.</source>
        <translation>{format} hat weder Ton noch Untertitel.</translation>
    </message>
    <message>
        <source>{format} has only one way to store pictures.</source>
        <translation>{format} speichert Bilder nur auf eine Art.</translation>
    </message>
    <message>
        <source>{codec} has no quality to choose.</source>
        <translation>{codec} hat keine wählbare Qualität.</translation>
    </message>
    <message>
        <source>{format} holds 8 bits a colour and no more.</source>
        <translation>{format} speichert 8 Bit je Farbe und nicht mehr.</translation>
    </message>
    <message>
        <source>Only a GIF has a palette.</source>
        <translation>Nur ein GIF hat eine Palette.</translation>
    </message>
    <message>
        <source>This is for animated images.</source>
        <translation>Das ist für animierte Bilder.</translation>
    </message>
    <message>
        <source>File format</source>
        <translation>Dateiformat</translation>
    </message>
    <message>
        <source>MP4 plays everywhere; GIF, APNG and WebP move in web pages and chats.</source>
        <translation>MP4 läuft überall; GIF, APNG und WebP bewegen sich in Webseiten und Chats.</translation>
    </message>
    <message>
        <source>Codec</source>
        <translation>Codec</translation>
    </message>
    <message>
        <source>H.264 plays everywhere, H.265 and AV1 are smaller, ProRes is for editing.</source>
        <translation>H.264 läuft überall, H.265 und AV1 sind kleiner, ProRes ist für den Schnitt.</translation>
    </message>
    <message>
        <source>Encoder chip</source>
        <translation>Encoder-Chip</translation>
    </message>
    <message>
        <source>A chip encodes faster; the processor makes better pictures in smaller files.</source>
        <translation>Ein Chip ist schneller; der Prozessor macht bessere Bilder in kleineren Dateien.</translation>
    </message>
    <message>
        <source>Quality</source>
        <translation>Qualität</translation>
    </message>
    <message>
        <source>Constant quality (CRF): smaller numbers look better and make larger files.</source>
        <translation>Gleichbleibende Qualität (CRF): kleinere Zahlen sehen besser aus und machen größere Dateien.</translation>
    </message>
    <message>
        <source>{number} (usual)</source>
        <translation>{number} (üblich)</translation>
    </message>
    <message>
        <source>Effort</source>
        <translation>Aufwand</translation>
    </message>
    <message>
        <source>How long the encoder may look for a smaller file of the same quality.</source>
        <translation>Wie lange der Encoder nach einer kleineren Datei gleicher Qualität suchen darf.</translation>
    </message>
    <message>
        <source>Fastest</source>
        <translation>Am schnellsten</translation>
    </message>
    <message>
        <source>Fast</source>
        <translation>Schnell</translation>
    </message>
    <message>
        <source>Medium</source>
        <translation>Mittel</translation>
    </message>
    <message>
        <source>Slow, smaller</source>
        <translation>Langsam, kleiner</translation>
    </message>
    <message>
        <source>Slowest, smallest</source>
        <translation>Am langsamsten, am kleinsten</translation>
    </message>
    <message>
        <source>Colour depth</source>
        <translation>Farbtiefe</translation>
    </message>
    <message>
        <source>Bits for each colour. 10 bits keep skies smooth; 8 bits play everywhere.</source>
        <translation>Bits je Farbe. 10 Bit halten den Himmel glatt; 8 Bit laufen überall.</translation>
    </message>
    <message>
        <source>Colour detail</source>
        <translation>Farbauflösung</translation>
    </message>
    <message>
        <source>How finely colour is stored beside brightness. 4:2:0 plays everywhere.</source>
        <translation>Wie fein Farbe neben Helligkeit gespeichert wird. 4:2:0 läuft überall.</translation>
    </message>
    <message>
        <source>Odd sizes</source>
        <translation>Ungerade Größen</translation>
    </message>
    <message>
        <source>Most codecs need even sizes: the last row or column is repeated or cut off.</source>
        <translation>Die meisten Codecs brauchen gerade Größen: die letzte Zeile oder Spalte wird wiederholt oder weggelassen.</translation>
    </message>
    <message>
        <source>Repeat the edge</source>
        <translation>Rand wiederholen</translation>
    </message>
    <message>
        <source>Cut the edge off</source>
        <translation>Rand weglassen</translation>
    </message>
    <message>
        <source>Largest width</source>
        <translation>Größte Breite</translation>
    </message>
    <message>
        <source>No limit</source>
        <translation>Ohne Grenze</translation>
    </message>
    <message>
        <source>Pictures wider than this (in pixels) are made smaller; their shape stays.</source>
        <translation>Breitere Bilder (in Pixeln) werden verkleinert; ihre Form bleibt.</translation>
    </message>
    <message>
        <source>Sound</source>
        <translation>Ton</translation>
    </message>
    <message>
        <source>Slow motion can stretch it at the same pitch, or leave its speed alone.</source>
        <translation>Zeitlupe kann ihn bei gleicher Tonhöhe dehnen oder sein Tempo lassen.</translation>
    </message>
    <message>
        <source>Keep, in step</source>
        <translation>Behalten, im Takt</translation>
    </message>
    <message>
        <source>Stretch with the picture</source>
        <translation>Mit dem Bild dehnen</translation>
    </message>
    <message>
        <source>Keep its own speed</source>
        <translation>Eigenes Tempo behalten</translation>
    </message>
    <message>
        <source>No sound</source>
        <translation>Kein Ton</translation>
    </message>
    <message>
        <source>Subtitles</source>
        <translation>Untertitel</translation>
    </message>
    <message>
        <source>Carry subtitles and their fonts over.</source>
        <translation>Untertitel und ihre Schriften übernehmen.</translation>
    </message>
    <message>
        <source>Colours</source>
        <translation>Farben</translation>
    </message>
    <message>
        <source>Entries of the palette. Fewer make a smaller file with bands.</source>
        <translation>Einträge der Palette. Weniger machen eine kleinere Datei mit Streifen.</translation>
    </message>
    <message>
        <source>Dithering</source>
        <translation>Dithering</translation>
    </message>
    <message>
        <source>How colours that the palette lacks are mixed from those it has.</source>
        <translation>Wie Farben, die der Palette fehlen, aus den vorhandenen gemischt werden.</translation>
    </message>
    <message>
        <source>None (bands)</source>
        <translation>Keins (Streifen)</translation>
    </message>
    <message>
        <source>Bayer (small files)</source>
        <translation>Bayer (kleine Dateien)</translation>
    </message>
    <message>
        <source>Sierra-2-4A (usual)</source>
        <translation>Sierra-2-4A (üblich)</translation>
    </message>
    <message>
        <source>Plays</source>
        <translation>Wird gespielt</translation>
    </message>
    <message>
        <source>For ever</source>
        <translation>Endlos</translation>
    </message>
    <message>
        <source>How often the animation plays.</source>
        <translation>Wie oft die Animation gespielt wird.</translation>
    </message>
    <message>
        <source>Size limit</source>
        <translation>Größengrenze</translation>
    </message>
    <message>
        <source>None</source>
        <translation>Keine</translation>
    </message>
    <message>
        <source>Colours or quality, then size, then frames are given up until the file fits.</source>
        <translation>Farben oder Qualität, dann Größe, dann Bilder werden aufgegeben, bis die Datei passt.</translation>
    </message>
    <message>
        <source>{format} cannot hold {codec}; it goes into {others}.</source>
        <translation>{format} kann {codec} nicht aufnehmen; es passt in {others}.</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>{chip} does not make {codec}.</source>
        <translation>{chip} macht kein {codec}.</translation>
    </message>
    <message>
        <source>As the clip</source>
        <translation>Wie der Clip</translation>
    </message>
    <message numerus="yes">
        <source>%n bits</source>
        <translation>
            <numerusform>%n Bit</numerusform>
            <numerusform>%n Bit</numerusform>
        </translation>
    </message>
    <message>
        <source>Gray</source>
        <translation>Grau</translation>
    </message>
    <message>
        <source>{codec} cannot store {what} here.</source>
        <translation>{codec} kann {what} hier nicht speichern.</translation>
    </message>
</context>
<context>
    <name>ExportForm</name>
    <message>
        <source>Not for this format: {settings}.</source>
        <translation>Nicht für dieses Format: {settings}.</translation>
    </message>
</context>
<context>
    <name>FieldEditor</name>
    <message>
        <source>Choose...</source>
        <translation>Wählen...</translation>
    </message>
</context>
<context>
    <name>FileSource</name>
    <message>
        <source>&apos;{name}&apos; cannot be shown: {reason}.</source>
        <translation>„{name}“ lässt sich nicht zeigen: {reason}.</translation>
    </message>
</context>
<context>
    <name>FlowSource</name>
    <message>
        <source>A clip of one frame has no motion</source>
        <translation>Ein Clip aus einem Bild hat keine Bewegung</translation>
    </message>
</context>
<context>
    <name>Flows</name>
    <message>
        <source>Optical flow</source>
        <translation>Optischer Fluss</translation>
    </message>
    <message>
        <source>Optical flow by {network}</source>
        <translation>Optischer Fluss von {network}</translation>
    </message>
</context>
<context>
    <name>GifPreviewDialog</name>
    <message>
        <source>Palette and size</source>
        <translation>Palette und Größe</translation>
    </message>
    <message>
        <source>Play or pause (Space)</source>
        <translation>Wiedergabe oder Pause (Leertaste)</translation>
    </message>
    <message>
        <source>Sample at the playhead</source>
        <translation>Probe an der Abspielmarke</translation>
    </message>
    <message>
        <source>Draw the frames around the playhead&apos;s new place</source>
        <translation>Die Bilder um den neuen Platz der Abspielmarke zeichnen</translation>
    </message>
    <message>
        <source>The palette here is made for these frames; the export makes it for all.</source>
        <translation>Die Palette hier ist für diese Bilder gemacht; der Export macht sie für alle.</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>Wiedergabe</translation>
    </message>
</context>
<context>
    <name>GifPreviewModel</name>
    <message>
        <source>Preparing…</source>
        <translation>Wird vorbereitet…</translation>
    </message>
    <message>
        <source>Drawing frame {done} of {total}…</source>
        <translation>Bild {done} von {total} wird gezeichnet…</translation>
    </message>
    <message>
        <source>Writing…</source>
        <translation>Wird geschrieben…</translation>
    </message>
    <message numerus="yes">
        <source>%n frames around the playhead</source>
        <translation>
            <numerusform>%n Bild um die Abspielmarke</numerusform>
            <numerusform>%n Bilder um die Abspielmarke</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>About {size} for all %Ln frames, if the rest is like these.</source>
        <translation>
            <numerusform>Etwa {size} für das %Ln Bild, wenn der Rest so ist wie diese.</numerusform>
            <numerusform>Etwa {size} für alle %Ln Bilder, wenn der Rest so ist wie diese.</numerusform>
        </translation>
    </message>
    <message>
        <source>It fits into {limit} as it is.</source>
        <translation>Es passt so in {limit}.</translation>
    </message>
    <message>
        <source>This format is not an animated image.</source>
        <translation>Dieses Format ist kein animiertes Bild.</translation>
    </message>
</context>
<context>
    <name>GivingRow</name>
    <message>
        <source>More controls</source>
        <translation>Weitere Bedienelemente</translation>
    </message>
</context>
<context>
    <name>HoverCard</name>
    <message>
        <source>{time}   frame {frame}</source>
        <translation>{time}   Bild {frame}</translation>
    </message>
    <message>
        <source>rebuilt with {decibels} dB</source>
        <translation>nachgezeichnet mit {decibels} dB</translation>
    </message>
    <message>
        <source>cut</source>
        <translation>Schnitt</translation>
    </message>
    <message>
        <source>repeats the frame before</source>
        <translation>wiederholt das Bild davor</translation>
    </message>
</context>
<context>
    <name>JobList</name>
    <message>
        <source>Jobs</source>
        <translation>Aufträge</translation>
    </message>
</context>
<context>
    <name>JobQueue</name>
    <message>
        <source>Another job of the queue writes &apos;{name}&apos;.</source>
        <translation>Ein anderer Auftrag der Warteschlange schreibt „{name}“.</translation>
    </message>
    <message>
        <source>Choose another name.</source>
        <translation>Einen anderen Namen wählen.</translation>
    </message>
    <message>
        <source>Added to the queue.</source>
        <translation>In die Warteschlange gestellt.</translation>
    </message>
    <message>
        <source>Cancelled.</source>
        <translation>Abgebrochen.</translation>
    </message>
    <message>
        <source>Started.</source>
        <translation>Begonnen.</translation>
    </message>
    <message>
        <source>Done and verified.</source>
        <translation>Fertig und geprüft.</translation>
    </message>
    <message>
        <source>The program ended before the job was done.</source>
        <translation>Das Programm endete, bevor der Auftrag fertig war.</translation>
    </message>
</context>
<context>
    <name>LogDialog</name>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>Alles</translation>
    </message>
    <message>
        <source>Warnings and errors</source>
        <translation>Warnungen und Fehler</translation>
    </message>
    <message>
        <source>Errors</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>What is shown</source>
        <translation>Was gezeigt wird</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Stored in {path}</source>
        <translation>Gespeichert in {path}</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>Ordner öffnen</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Open recent</source>
        <translation>Zuletzt geöffnet</translation>
    </message>
    <message>
        <source>Queue</source>
        <translation>Warteschlange</translation>
    </message>
    <message>
        <source>{percent} %</source>
        <translation>{percent} %</translation>
    </message>
    <message>
        <source>Tool bar</source>
        <translation>Werkzeugleiste</translation>
    </message>
    <message>
        <source>Export the clip, a GIF or the comparison</source>
        <translation>Den Clip, ein GIF oder den Vergleich exportieren</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>&amp;Bearbeiten</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <source>&amp;Playback</source>
        <translation>&amp;Wiedergabe</translation>
    </message>
    <message>
        <source>&amp;Queue</source>
        <translation>War&amp;teschlange</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>PSNR and SSIM of A against B</source>
        <translation>PSNR und SSIM von A gegen B</translation>
    </message>
</context>
<context>
    <name>MessageLine</name>
    <message>
        <source>Dismiss this message</source>
        <translation>Diese Meldung ausblenden</translation>
    </message>
</context>
<context>
    <name>ModelsDialog</name>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Bring in a file...</source>
        <translation>Datei aufnehmen...</translation>
    </message>
    <message>
        <source>Check</source>
        <translation>Prüfen</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Bring in a model</source>
        <translation>Modell aufnehmen</translation>
    </message>
    <message>
        <source>Bring in {name}?</source>
        <translation>{name} aufnehmen?</translation>
    </message>
    <message>
        <source>not known to this program: see the page that the file comes from</source>
        <translation>diesem Programm nicht bekannt: siehe die Seite, von der die Datei kommt</translation>
    </message>
    <message>
        <source>Licence: {name}</source>
        <translation>Lizenz: {name}</translation>
    </message>
    <message>
        <source>Only the file&apos;s numbers are kept; no code in it is run.</source>
        <translation>Nur die Zahlen der Datei werden behalten; Code darin wird nicht ausgeführt.</translation>
    </message>
    <message>
        <source>The model of this name that you brought in before is replaced.</source>
        <translation>Das früher aufgenommene Modell dieses Namens wird ersetzt.</translation>
    </message>
    <message>
        <source>Bring in</source>
        <translation>Aufnehmen</translation>
    </message>
    <message>
        <source> (default)</source>
        <translation> (Standard)</translation>
    </message>
    <message>
        <source>What it is weak at</source>
        <translation>Schwächen</translation>
    </message>
    <message>
        <source>What {name} makes of hard cases</source>
        <translation>Was {name} aus schwierigen Fällen macht</translation>
    </message>
    <message>
        <source>Click to see it large</source>
        <translation>Zum Vergrößern anklicken</translation>
    </message>
    <message>
        <source>Weights ({endings});;All files (*)</source>
        <translation>Gewichte ({endings});;Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Remove a model</source>
        <translation>Modell entfernen</translation>
    </message>
    <message>
        <source>Remove {name} from this computer?</source>
        <translation>{name} von diesem Computer entfernen?</translation>
    </message>
</context>
<context>
    <name>ModelsModel</name>
    <message>
        <source>{name} was brought in: {title}.</source>
        <translation>{name} wurde aufgenommen: {title}.</translation>
    </message>
    <message>
        <source>Checking {name}...</source>
        <translation>{name} wird geprüft...</translation>
    </message>
    <message>
        <source>{name} is sound: its file is unchanged and it draws.</source>
        <translation>{name} ist in Ordnung: die Datei ist unverändert, und es zeichnet.</translation>
    </message>
    <message>
        <source>{name} was removed.</source>
        <translation>{name} wurde entfernt.</translation>
    </message>
    <message>
        <source>Removing {name}...</source>
        <translation>{name} wird entfernt...</translation>
    </message>
    <message>
        <source>built in</source>
        <translation>eingebaut</translation>
    </message>
    <message>
        <source>comes with the program</source>
        <translation>gehört zum Programm</translation>
    </message>
    <message>
        <source>brought in by you</source>
        <translation>selbst aufgenommen</translation>
    </message>
    <message>
        <source>Recipe</source>
        <translation>Rezept</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Startzahl</translation>
    </message>
    <message>
        <source>Steps</source>
        <translation>Schritte</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>Daten</translation>
    </message>
    <message>
        <source>Trained on</source>
        <translation>Trainiert auf</translation>
    </message>
    <message>
        <source>Commit</source>
        <translation>Commit</translation>
    </message>
    <message>
        <source>any</source>
        <translation>beliebig</translation>
    </message>
    <message>
        <source>Origin</source>
        <translation>Herkunft</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>Quelle</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>Art</translation>
    </message>
    <message>
        <source>Frames it looks at</source>
        <translation>Bilder, die es ansieht</translation>
    </message>
    <message>
        <source>Places in a gap</source>
        <translation>Plätze in einer Lücke</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>Parameter</translation>
    </message>
    <message>
        <source>none</source>
        <translation>keine</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>SHA-256</source>
        <translation>SHA-256</translation>
    </message>
    <message>
        <source>Measured</source>
        <translation>Gemessen</translation>
    </message>
    <message>
        <source>FLAVR by its authors ({page}): {links}. Download a file and drop it here.</source>
        <translation>FLAVR von seinen Autoren ({page}): {links}. Eine Datei herunterladen und hier ablegen.</translation>
    </message>
</context>
<context>
    <name>Networks</name>
    <message>
        <source>Default</source>
        <translation>Standard</translation>
    </message>
    <message>
        <source>It is not here any more; choose another.</source>
        <translation>Es ist nicht mehr da; ein anderes wählen.</translation>
    </message>
    <message>
        <source>A file that is not in the collection.</source>
        <translation>Eine Datei, die nicht in der Sammlung ist.</translation>
    </message>
    <message>
        <source>Its weights are not here: download its authors&apos; file, then choose it here to import that.</source>
        <translation>Seine Gewichte sind nicht da: die Datei der Autoren herunterladen, dann hier wählen, um sie zu importieren.</translation>
    </message>
    <message>
        <source>{name} (not available)</source>
        <translation>{name} (nicht verfügbar)</translation>
    </message>
    <message>
        <source>Brought in by you.</source>
        <translation>Selbst aufgenommen.</translation>
    </message>
    <message>
        <source>Licence: {name}.</source>
        <translation>Lizenz: {name}.</translation>
    </message>
    <message>
        <source>{title} (default)</source>
        <translation>{title} (Standard)</translation>
    </message>
    <message>
        <source>no weights</source>
        <translation>ohne Gewichte</translation>
    </message>
    <message>
        <source>{n} M parameters</source>
        <translation>{n} Mio. Parameter</translation>
    </message>
    <message>
        <source>best on a GPU</source>
        <translation>am besten auf einer GPU</translation>
    </message>
    <message>
        <source>draws any place in a gap</source>
        <translation>zeichnet jede Stelle einer Lücke</translation>
    </message>
    <message>
        <source>draws the middle of a gap; other places by halving, down to 1/{finest}</source>
        <translation>zeichnet die Mitte einer Lücke; andere Stellen durch Halbieren, bis zu 1/{finest}</translation>
    </message>
    <message>
        <source>draws the middle of a gap; other places are taken from there</source>
        <translation>zeichnet die Mitte einer Lücke; andere Stellen werden von dort genommen</translation>
    </message>
    <message>
        <source>draws a fixed grid of 1/{finest} of a gap; the nearest place is taken</source>
        <translation>zeichnet ein festes Raster von 1/{finest} einer Lücke; die nächste Stelle wird genommen</translation>
    </message>
</context>
<context>
    <name>NoteList</name>
    <message>
        <source>less</source>
        <translation>weniger</translation>
    </message>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>und %n weiterer</numerusform>
            <numerusform>und %n weitere</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>NoticeBar</name>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
</context>
<context>
    <name>Outlook</name>
    <message>
        <source>about {n}</source>
        <translation>etwa {n}</translation>
    </message>
    <message>
        <source>{drawn} are drawn, the others are the clip&apos;s own.</source>
        <translation>{drawn} werden gezeichnet, die anderen sind die des Clips.</translation>
    </message>
    <message>
        <source>None is drawn: choose a higher rate or slow motion.</source>
        <translation>Keines wird gezeichnet: eine höhere Rate oder Zeitlupe wählen.</translation>
    </message>
    <message>
        <source>{n} of {made}</source>
        <translation>{n} von {made}</translation>
    </message>
    <message>
        <source>{n} find no place in a GIF, which shows 50 a second at most.</source>
        <translation>{n} finden keinen Platz in einem GIF, das höchstens 50 pro Sekunde zeigt.</translation>
    </message>
    <message>
        <source>at most {n}</source>
        <translation>höchstens {n}</translation>
    </message>
    <message>
        <source>{n} from {source}</source>
        <translation>{n} aus {source}</translation>
    </message>
    <message>
        <source>Frames</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>To meet the size limit every second one may be left out.</source>
        <translation>Um die Größengrenze einzuhalten, entfällt vielleicht jedes zweite.</translation>
    </message>
    <message>
        <source>Frames that equal the one before are stored as one, shown longer.</source>
        <translation>Bilder, die dem vorigen gleichen, werden als eines gespeichert, das länger steht.</translation>
    </message>
    <message>
        <source>about {rate}</source>
        <translation>etwa {rate}</translation>
    </message>
    <message>
        <source>variable</source>
        <translation>variabel</translation>
    </message>
    <message>
        <source>Exactly {rate} frames a second.</source>
        <translation>Genau {rate} Bilder pro Sekunde.</translation>
    </message>
    <message>
        <source>Made at {rate} frames a second, of which a GIF shows {shown}.</source>
        <translation>Gemacht mit {rate} Bildern pro Sekunde, von denen ein GIF {shown} zeigt.</translation>
    </message>
    <message>
        <source>Rate</source>
        <translation>Rate</translation>
    </message>
    <message>
        <source>{before} → {after} fps</source>
        <translation>{before} → {after} B/s</translation>
    </message>
    <message>
        <source>{length}, {n}× as long</source>
        <translation>{length}, {n}-mal so lang</translation>
    </message>
    <message>
        <source>Of the clip&apos;s {length}, the marked range.</source>
        <translation>Von {length} des Clips der markierte Bereich.</translation>
    </message>
    <message>
        <source>Length</source>
        <translation>Länge</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>≈ {size}</source>
        <translation>≈ {size}</translation>
    </message>
    <message>
        <source>at most {size}</source>
        <translation>höchstens {size}</translation>
    </message>
    <message>
        <source>{size}, {free} free</source>
        <translation>{size}, {free} frei</translation>
    </message>
    <message>
        <source>A guess from usual footage; a third or three times as much is possible.</source>
        <translation>Eine Schätzung nach üblichem Material; ein Drittel oder das Dreifache ist möglich.</translation>
    </message>
    <message>
        <source>As a few encoded frames from the middle of the clip promise.</source>
        <translation>Wie einige kodierte Bilder aus der Mitte des Clips es erwarten lassen.</translation>
    </message>
    <message>
        <source>About {size} of room are asked for while it is made.</source>
        <translation>Während der Arbeit werden etwa {size} Platz gebraucht.</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>shown ≤ {ms} ms off</source>
        <translation>≤ {ms} ms versetzt gezeigt</translation>
    </message>
    <message>
        <source>The format counts time in steps; each frame is shown at the nearest free one.</source>
        <translation>Das Format zählt Zeit in Schritten; jedes Bild erscheint zum nächsten freien.</translation>
    </message>
    <message>
        <source>Timing</source>
        <translation>Zeitpunkte</translation>
    </message>
    <message>
        <source>every frame exact</source>
        <translation>jedes Bild genau</translation>
    </message>
    <message>
        <source>Each frame shows its very moment.</source>
        <translation>Jedes Bild zeigt genau seinen Augenblick.</translation>
    </message>
    <message>
        <source>≤ {ms} ms off</source>
        <translation>≤ {ms} ms daneben</translation>
    </message>
    <message>
        <source>The network draws at fixed places; so far is the farthest frame from its own moment.</source>
        <translation>Das Netz zeichnet an festen Plätzen; so weit ist das fernste Bild von seinem Augenblick entfernt.</translation>
    </message>
    <message>
        <source>Time here</source>
        <translation>Zeit hier</translation>
    </message>
    <message>
        <source>not known</source>
        <translation>nicht bekannt</translation>
    </message>
    <message>
        <source>measuring…</source>
        <translation>wird gemessen…</translation>
    </message>
    <message>
        <source>known when the machine is free</source>
        <translation>bekannt, wenn der Computer frei ist</translation>
    </message>
    <message>
        <source>Measured: {who}.</source>
        <translation>Gemessen: {who}.</translation>
    </message>
    <message>
        <source>It draws {n} frames a second here.</source>
        <translation>Es zeichnet hier {n} Bilder pro Sekunde.</translation>
    </message>
    <message>
        <source>It draws a frame in {time} here.</source>
        <translation>Hier zeichnet es ein Bild in {time}.</translation>
    </message>
    <message>
        <source>Not counted: looking for repeated frames first.</source>
        <translation>Nicht mitgezählt: zuerst nach wiederholten Bildern suchen.</translation>
    </message>
    <message>
        <source>Not counted: writing it again and again until it fits the size limit.</source>
        <translation>Nicht mitgezählt: immer neu schreiben, bis die Größengrenze eingehalten ist.</translation>
    </message>
    <message>
        <source>Not counted: writing the animation at the end.</source>
        <translation>Nicht mitgezählt: die Animation am Ende schreiben.</translation>
    </message>
</context>
<context>
    <name>PreferenceFields</name>
    <message>
        <source>Window</source>
        <translation>Fenster</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Viewer</source>
        <translation>Betrachter</translation>
    </message>
    <message>
        <source>New clips</source>
        <translation>Neue Clips</translation>
    </message>
    <message>
        <source>Computing</source>
        <translation>Rechnen</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Aussehen</translation>
    </message>
    <message>
        <source>As the system has it, or always the same.</source>
        <translation>Wie das System es hat, oder immer gleich.</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>From the next start on.</source>
        <translation>Ab dem nächsten Start.</translation>
    </message>
    <message>
        <source>Size of text</source>
        <translation>Schriftgröße</translation>
    </message>
    <message>
        <source>Over the size that the system asks for.</source>
        <translation>Gegenüber der Größe, die das System verlangt.</translation>
    </message>
    <message>
        <source>Less motion</source>
        <translation>Weniger Bewegung</translation>
    </message>
    <message>
        <source>Nothing moves or fades that need not.</source>
        <translation>Nichts bewegt sich oder blendet über, was nicht muss.</translation>
    </message>
    <message>
        <source>Welcome at the start</source>
        <translation>Willkommen beim Start</translation>
    </message>
    <message>
        <source>Offers the sample clip and the first steps.</source>
        <translation>Bietet den Beispielclip und die ersten Schritte an.</translation>
    </message>
    <message>
        <source>Folder for results</source>
        <translation>Ordner für Ergebnisse</translation>
    </message>
    <message>
        <source>Empty: beside the clip.</source>
        <translation>Leer: neben dem Clip.</translation>
    </message>
    <message>
        <source>Names of results</source>
        <translation>Namen der Ergebnisse</translation>
    </message>
    <message>
        <source>{name}, {rate}, {network} and {preset} stand for the clip&apos;s own.</source>
        <translation>{name}, {rate}, {network} und {preset} stehen für das, was zum Clip gehört.</translation>
    </message>
    <message>
        <source>Open last time&apos;s clips at the start</source>
        <translation>Clips vom letzten Mal beim Start öffnen</translation>
    </message>
    <message>
        <source>With all that was decided about them.</source>
        <translation>Mit allem, was für sie entschieden wurde.</translation>
    </message>
    <message>
        <source>Memory for frames</source>
        <translation>Speicher für Bilder</translation>
    </message>
    <message>
        <source>Frames near the playhead are kept, so that scrubbing back is instant.</source>
        <translation>Bilder nahe der Abspielmarke werden behalten, damit das Zurückgehen sofort klappt.</translation>
    </message>
    <message>
        <source>Paint on the graphics card</source>
        <translation>Auf der Grafikkarte zeichnen</translation>
    </message>
    <message>
        <source>From the next start on. Switch it off when pictures look wrong.</source>
        <translation>Ab dem nächsten Start. Abschalten, wenn Bilder falsch aussehen.</translation>
    </message>
    <message>
        <source>Frame rate</source>
        <translation>Bildrate</translation>
    </message>
    <message>
        <source>2x, 2.5x, 60 or 60000/1001.</source>
        <translation>2x, 2.5x, 60 oder 60000/1001.</translation>
    </message>
    <message>
        <source>Slow motion</source>
        <translation>Zeitlupe</translation>
    </message>
    <message>
        <source>How many times longer the result is: 1x for not at all.</source>
        <translation>Wie viel länger das Ergebnis wird: 1x für gar nicht.</translation>
    </message>
    <message>
        <source>At the end</source>
        <translation>Am Ende</translation>
    </message>
    <message>
        <source>Hold the last frame for its whole duration, or stop with it.</source>
        <translation>Das letzte Bild seine ganze Dauer halten oder mit ihm enden.</translation>
    </message>
    <message>
        <source>Keep a variable rate</source>
        <translation>Variable Rate behalten</translation>
    </message>
    <message>
        <source>Each gap is divided in place instead of a constant rate.</source>
        <translation>Jede Lücke wird an Ort und Stelle geteilt, statt einer festen Rate.</translation>
    </message>
    <message>
        <source>At cuts</source>
        <translation>An Schnitten</translation>
    </message>
    <message>
        <source>What is shown between the two frames of a cut.</source>
        <translation>Was zwischen den beiden Bildern eines Schnitts gezeigt wird.</translation>
    </message>
    <message>
        <source>Sensitivity for cuts</source>
        <translation>Empfindlichkeit für Schnitte</translation>
    </message>
    <message>
        <source>Low finds only hard cuts, high every doubtful one.</source>
        <translation>Niedrig findet nur harte Schnitte, hoch auch jeden zweifelhaften.</translation>
    </message>
    <message>
        <source>Repeated frames</source>
        <translation>Wiederholte Bilder</translation>
    </message>
    <message>
        <source>Animation on twos is smoother when they are left out.</source>
        <translation>Animation mit doppelten Bildern wird flüssiger, wenn sie wegfallen.</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netz</translation>
    </message>
    <message>
        <source>Who draws the frames.</source>
        <translation>Wer die Bilder zeichnet.</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>Gerät</translation>
    </message>
    <message>
        <source>auto, cpu, cuda, cuda:1 or cuda:all.</source>
        <translation>auto, cpu, cuda, cuda:1 oder cuda:all.</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>Genauigkeit</translation>
    </message>
    <message>
        <source>Automatic takes the fastest that computes correctly on this device.</source>
        <translation>Automatisch nimmt die schnellste, die auf diesem Gerät richtig rechnet.</translation>
    </message>
    <message>
        <source>Most memory</source>
        <translation>Höchster Speicher</translation>
    </message>
    <message>
        <source>Of the device, like 4GB. Empty: what is free.</source>
        <translation>Des Geräts, etwa 4GB. Leer: was frei ist.</translation>
    </message>
    <message>
        <source>As the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>English</source>
        <translation>English</translation>
    </message>
    <message>
        <source>Deutsch</source>
        <translation>Deutsch</translation>
    </message>
    <message>
        <source>Hold the last frame</source>
        <translation>Letztes Bild halten</translation>
    </message>
    <message>
        <source>Stop with the last frame</source>
        <translation>Mit dem letzten Bild enden</translation>
    </message>
    <message>
        <source>Hold the frames</source>
        <translation>Bilder halten</translation>
    </message>
    <message>
        <source>Cross-fade</source>
        <translation>Überblenden</translation>
    </message>
    <message>
        <source>Draw across cuts</source>
        <translation>Über Schnitte zeichnen</translation>
    </message>
    <message>
        <source>Keep them</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>Leave them out</source>
        <translation>Weglassen</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
</context>
<context>
    <name>PreferencesDialog</name>
    <message>
        <source>Preferences</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Pages</source>
        <translation>Seiten</translation>
    </message>
    <message>
        <source>Restore defaults</source>
        <translation>Voreinstellungen</translation>
    </message>
</context>
<context>
    <name>PresetChooser</name>
    <message>
        <source>Preset</source>
        <translation>Vorlage</translation>
    </message>
    <message>
        <source>What can be done with presets</source>
        <translation>Was man mit Vorlagen tun kann</translation>
    </message>
    <message>
        <source>Save, rename, import and more</source>
        <translation>Speichern, umbenennen, importieren und mehr</translation>
    </message>
    <message>
        <source>Reset to preset</source>
        <translation>Auf die Vorlage zurücksetzen</translation>
    </message>
    <message>
        <source>Take back what was changed of the preset</source>
        <translation>Zurücknehmen, was an der Vorlage geändert wurde</translation>
    </message>
    <message>
        <source>no preset</source>
        <translation>keine Vorlage</translation>
    </message>
    <message>
        <source>{preset} (modified)</source>
        <translation>{preset} (geändert)</translation>
    </message>
    <message>
        <source>Ways to store the result, by name</source>
        <translation>Arten, das Ergebnis zu speichern, nach Namen</translation>
    </message>
    <message>
        <source>Save as preset…</source>
        <translation>Als Vorlage speichern…</translation>
    </message>
    <message>
        <source>Begin new clips with it</source>
        <translation>Neue Clips damit beginnen</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>Umbenennen…</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>Importieren…</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren…</translation>
    </message>
    <message>
        <source>Save as preset</source>
        <translation>Als Vorlage speichern</translation>
    </message>
    <message>
        <source>Rename preset</source>
        <translation>Vorlage umbenennen</translation>
    </message>
    <message>
        <source>Throw the preset “{name}” away? Clips keep their settings.</source>
        <translation>Die Vorlage „{name}“ wegwerfen? Clips behalten ihre Einstellungen.</translation>
    </message>
    <message>
        <source>Delete preset</source>
        <translation>Vorlage löschen</translation>
    </message>
    <message>
        <source>Import a preset</source>
        <translation>Vorlage importieren</translation>
    </message>
    <message>
        <source>Presets (*.json)</source>
        <translation>Vorlagen (*.json)</translation>
    </message>
    <message>
        <source>You have a preset of this name. Replace it?</source>
        <translation>Es gibt schon eine eigene Vorlage dieses Namens. Ersetzen?</translation>
    </message>
    <message>
        <source>Export the preset</source>
        <translation>Die Vorlage exportieren</translation>
    </message>
    <message>
        <source>Presets</source>
        <translation>Vorlagen</translation>
    </message>
</context>
<context>
    <name>PresetSaveDialog</name>
    <message>
        <source>my-preset</source>
        <translation>meine-vorlage</translation>
    </message>
    <message>
        <source>One line about it</source>
        <translation>Eine Zeile dazu</translation>
    </message>
    <message>
        <source>&amp;Name</source>
        <translation>&amp;Name</translation>
    </message>
    <message>
        <source>&amp;Description</source>
        <translation>&amp;Beschreibung</translation>
    </message>
    <message>
        <source>Replaces your preset {name}</source>
        <translation>Ersetzt die eigene Vorlage {name}</translation>
    </message>
    <message>
        <source>Kept as {name}</source>
        <translation>Wird als {name} behalten</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>Ersetzen</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
</context>
<context>
    <name>PresetTree</name>
    <message>
        <source>Presets</source>
        <translation>Vorlagen</translation>
    </message>
    <message>
        <source>(modified)</source>
        <translation>(geändert)</translation>
    </message>
    <message>
        <source>(default)</source>
        <translation>(Standard)</translation>
    </message>
    <message>
        <source>(not available)</source>
        <translation>(nicht verfügbar)</translation>
    </message>
    <message>
        <source>General</source>
        <translation>Allgemein</translation>
    </message>
    <message>
        <source>GIF and web</source>
        <translation>GIF und Web</translation>
    </message>
    <message>
        <source>Editing</source>
        <translation>Schnitt</translation>
    </message>
    <message>
        <source>Archive</source>
        <translation>Archiv</translation>
    </message>
    <message>
        <source>Yours</source>
        <translation>Eigene</translation>
    </message>
</context>
<context>
    <name>PresetsModel</name>
    <message>
        <source>Choose preset {name}</source>
        <translation>Vorlage {name} wählen</translation>
    </message>
    <message>
        <source>Reset to preset</source>
        <translation>Auf die Vorlage zurücksetzen</translation>
    </message>
    <message>
        <source>&apos;{name}&apos; is the name of one of the program&apos;s own presets.</source>
        <translation>„{name}“ heißt schon eine Vorlage des Programms.</translation>
    </message>
    <message>
        <source>Give it another name.</source>
        <translation>Einen anderen Namen geben.</translation>
    </message>
    <message>
        <source>You have a preset &apos;{name}&apos; already.</source>
        <translation>Es gibt schon eine eigene Vorlage „{name}“.</translation>
    </message>
    <message>
        <source>Give it another name, or replace it.</source>
        <translation>Einen anderen Namen geben oder sie ersetzen.</translation>
    </message>
    <message>
        <source>Saved by you.</source>
        <translation>Selbst gespeichert.</translation>
    </message>
    <message>
        <source>yours</source>
        <translation>eigene</translation>
    </message>
    <message>
        <source>Save preset {name}</source>
        <translation>Vorlage {name} speichern</translation>
    </message>
    <message>
        <source>There is a preset &apos;{name}&apos; already.</source>
        <translation>Es gibt schon eine Vorlage „{name}“.</translation>
    </message>
    <message>
        <source>Rename preset {name}</source>
        <translation>Vorlage {name} umbenennen</translation>
    </message>
    <message>
        <source>&apos;{name}&apos; came with the program and stays.</source>
        <translation>„{name}“ gehört zum Programm und bleibt.</translation>
    </message>
    <message>
        <source>There is no preset &apos;{name}&apos;.</source>
        <translation>Es gibt keine Vorlage „{name}“.</translation>
    </message>
    <message>
        <source>&apos;{name}&apos; is not a preset of yours that can be changed.</source>
        <translation>„{name}“ ist keine eigene Vorlage, die sich ändern ließe.</translation>
    </message>
</context>
<context>
    <name>Preview</name>
    <message>
        <source>Result</source>
        <translation>Ergebnis</translation>
    </message>
    <message>
        <source>The preview ends here: no more pictures fit into its memory.</source>
        <translation>Die Vorschau endet hier: mehr Bilder passen nicht in ihren Speicher.</translation>
    </message>
</context>
<context>
    <name>Previews</name>
    <message>
        <source>Result</source>
        <translation>Ergebnis</translation>
    </message>
    <message>
        <source>Result by {network}</source>
        <translation>Ergebnis mit {network}</translation>
    </message>
</context>
<context>
    <name>QueueModel</name>
    <message>
        <source>{time} left for this job</source>
        <translation>noch {time} für diesen Auftrag</translation>
    </message>
    <message>
        <source>Nothing of {name} is kept yet: at the next start it would begin with its first frame.</source>
        <translation>Von {name} ist noch nichts gesichert: Beim nächsten Start begänne es mit dem ersten Bild.</translation>
    </message>
    <message numerus="yes">
        <source>%n paused</source>
        <translation>
            <numerusform>%n angehalten</numerusform>
            <numerusform>%n angehalten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n at work</source>
        <translation>
            <numerusform>%n in Arbeit</numerusform>
            <numerusform>%n in Arbeit</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n waiting</source>
        <translation>
            <numerusform>%n wartet</numerusform>
            <numerusform>%n warten</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n done</source>
        <translation>
            <numerusform>%n fertig</numerusform>
            <numerusform>%n fertig</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n failed</source>
        <translation>
            <numerusform>%n fehlgeschlagen</numerusform>
            <numerusform>%n fehlgeschlagen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n cancelled</source>
        <translation>
            <numerusform>%n abgebrochen</numerusform>
            <numerusform>%n abgebrochen</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{kept} of %n frames of {name} are kept, and the queue offers to go on from them at the next start.</source>
        <translation>
            <numerusform>{kept} von %n Bild von {name} ist gesichert, und die Warteschlange bietet beim nächsten Start an, von dort weiterzumachen.</numerusform>
            <numerusform>{kept} von %n Bildern von {name} sind gesichert, und die Warteschlange bietet beim nächsten Start an, von dort weiterzumachen.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n frame(s) after them would be drawn again.</source>
        <translation>
            <numerusform>%n Bild danach würde noch einmal gezeichnet.</numerusform>
            <numerusform>%n Bilder danach würden noch einmal gezeichnet.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n job(s) from last time are not finished.</source>
        <translation>
            <numerusform>%n Auftrag vom letzten Mal ist nicht fertig.</numerusform>
            <numerusform>%n Aufträge vom letzten Mal sind nicht fertig.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{kept} of %n frames are there</source>
        <translation>
            <numerusform>{kept} von %n Bild ist da</numerusform>
            <numerusform>{kept} von %n Bildern sind da</numerusform>
        </translation>
    </message>
    <message>
        <source>{factor}x slower</source>
        <translation>{factor}x langsamer</translation>
    </message>
    <message>
        <source>a part</source>
        <translation>ein Teil</translation>
    </message>
    <message>
        <source>{percent} %</source>
        <translation>{percent} %</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>Wartet</translation>
    </message>
    <message>
        <source>Preparing</source>
        <translation>Wird vorbereitet</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>Angehalten</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Failed</source>
        <translation>Fehlgeschlagen</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>Abgebrochen</translation>
    </message>
    <message>
        <source>Interrupted</source>
        <translation>Unterbrochen</translation>
    </message>
    <message>
        <source>Checking the clip and loading the network</source>
        <translation>Der Clip wird geprüft, das Netz geladen</translation>
    </message>
    <message>
        <source>Held at frame {done} of {total}</source>
        <translation>Angehalten bei Bild {done} von {total}</translation>
    </message>
    <message>
        <source>Nothing of it was kept; it begins anew</source>
        <translation>Nichts davon wurde gesichert; es beginnt von vorn</translation>
    </message>
    <message>
        <source>Waits for the queue to be started</source>
        <translation>Wartet, bis die Warteschlange gestartet wird</translation>
    </message>
    <message>
        <source>Looking for repeated frames, {done} of {total}</source>
        <translation>Wiederholte Bilder werden gesucht, {done} von {total}</translation>
    </message>
    <message>
        <source>Frame {done} of {total}</source>
        <translation>Bild {done} von {total}</translation>
    </message>
    <message>
        <source>Putting the file together</source>
        <translation>Die Datei wird zusammengesetzt</translation>
    </message>
    <message>
        <source>Reading the result back</source>
        <translation>Das Ergebnis wird zurückgelesen</translation>
    </message>
    <message>
        <source>{rate} frames/s</source>
        <translation>{rate} Bilder/s</translation>
    </message>
    <message>
        <source>{time} left</source>
        <translation>noch {time}</translation>
    </message>
    <message>
        <source>Finished and verified just before the program ended</source>
        <translation>Fertig und geprüft, kurz bevor das Programm endete</translation>
    </message>
    <message numerus="yes">
        <source>%n frames</source>
        <translation>
            <numerusform>%n Bild</numerusform>
            <numerusform>%n Bilder</numerusform>
        </translation>
    </message>
    <message>
        <source>verified</source>
        <translation>geprüft</translation>
    </message>
    <message>
        <source>took {time}</source>
        <translation>dauerte {time}</translation>
    </message>
</context>
<context>
    <name>QueuePanel</name>
    <message>
        <source>Queue</source>
        <translation>Warteschlange</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Space</source>
        <translation>Leertaste</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Weiter</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Noch einmal</translation>
    </message>
    <message>
        <source>Start over</source>
        <translation>Von vorn</translation>
    </message>
    <message>
        <source>Move up</source>
        <translation>Nach oben</translation>
    </message>
    <message>
        <source>Alt+Up</source>
        <translation>Alt+Auf</translation>
    </message>
    <message>
        <source>Move down</source>
        <translation>Nach unten</translation>
    </message>
    <message>
        <source>Alt+Down</source>
        <translation>Alt+Ab</translation>
    </message>
    <message>
        <source>Play the result</source>
        <translation>Das Ergebnis abspielen</translation>
    </message>
    <message>
        <source>Show in its folder</source>
        <translation>Im Ordner zeigen</translation>
    </message>
    <message>
        <source>Receipt...</source>
        <translation>Beleg...</translation>
    </message>
    <message>
        <source>Remove from the list</source>
        <translation>Aus der Liste entfernen</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Start the queue</source>
        <translation>Warteschlange starten</translation>
    </message>
    <message>
        <source>Log and receipt (Return)</source>
        <translation>Protokoll und Beleg (Eingabe)</translation>
    </message>
    <message>
        <source>Log and receipt</source>
        <translation>Protokoll und Beleg</translation>
    </message>
    <message>
        <source>When done: nothing</source>
        <translation>Danach: nichts</translation>
    </message>
    <message>
        <source>When done: notify me</source>
        <translation>Danach: benachrichtigen</translation>
    </message>
    <message>
        <source>When done: sleep</source>
        <translation>Danach: Ruhezustand</translation>
    </message>
    <message>
        <source>When done: quit</source>
        <translation>Danach: beenden</translation>
    </message>
    <message>
        <source>What happens when the last job has ended</source>
        <translation>Was geschieht, wenn der letzte Auftrag zu Ende ist</translation>
    </message>
    <message>
        <source>When all jobs are done</source>
        <translation>Wenn alle Aufträge fertig sind</translation>
    </message>
    <message>
        <source>Not now</source>
        <translation>Jetzt nicht</translation>
    </message>
    <message>
        <source>No jobs yet</source>
        <translation>Noch keine Aufträge</translation>
    </message>
    <message>
        <source>Export a clip, or add it to the queue with Ctrl+Return.</source>
        <translation>Einen Clip exportieren oder mit Strg+Eingabe in die Warteschlange stellen.</translation>
    </message>
    <message>
        <source>Log</source>
        <translation>Protokoll</translation>
    </message>
    <message>
        <source>Receipt</source>
        <translation>Beleg</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>No job is chosen.</source>
        <translation>Kein Auftrag ist gewählt.</translation>
    </message>
    <message>
        <source>Remove what is done</source>
        <translation>Fertiges entfernen</translation>
    </message>
    <message>
        <source>Remove &apos;{name}&apos; from the queue?</source>
        <translation>„{name}“ aus der Warteschlange entfernen?</translation>
    </message>
    <message numerus="yes">
        <source>Remove %n job(s) from the queue?</source>
        <translation>
            <numerusform>%n Auftrag aus der Warteschlange entfernen?</numerusform>
            <numerusform>%n Aufträge aus der Warteschlange entfernen?</numerusform>
        </translation>
    </message>
    <message>
        <source>Start from the first frame?</source>
        <translation>Beim ersten Bild neu beginnen?</translation>
    </message>
    <message>
        <source>What was rendered so far is thrown away.</source>
        <translation>Was bisher gezeichnet wurde, wird weggeworfen.</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Behalten</translation>
    </message>
</context>
<context>
    <name>QueueStore</name>
    <message>
        <source>The queue cannot be saved in &apos;{path}&apos;: {reason}.</source>
        <translation>Die Warteschlange kann nicht in „{path}“ gespeichert werden: {reason}.</translation>
    </message>
    <message>
        <source>Make room on the disk. Jobs go on, but would be forgotten when the program ends.</source>
        <translation>Platz auf dem Laufwerk schaffen. Aufträge laufen weiter, würden aber am Ende des Programms vergessen.</translation>
    </message>
    <message>
        <source>FLAVR Studio is open twice. The other window works on the saved queue; this window has a queue of its own.</source>
        <translation>FLAVR Studio ist zweimal offen. Das andere Fenster arbeitet an der gespeicherten Warteschlange; dieses hat eine eigene.</translation>
    </message>
    <message>
        <source>The saved queue cannot be read and is kept as &apos;{name}&apos;: {reason}.</source>
        <translation>Die gespeicherte Warteschlange lässt sich nicht lesen und wird als „{name}“ behalten: {reason}.</translation>
    </message>
    <message>
        <source>One job of the saved queue is left out. {reason}</source>
        <translation>Ein Auftrag der gespeicherten Warteschlange fehlt. {reason}</translation>
    </message>
    <message>
        <source>&apos;{folder}&apos; cannot be written ({reason}). The queue is forgotten when the program ends.</source>
        <translation>„{folder}“ lässt sich nicht beschreiben ({reason}). Die Warteschlange wird am Ende des Programms vergessen.</translation>
    </message>
</context>
<context>
    <name>Quicker</name>
    <message>
        <source>{name}, the quick network, would take {time}.</source>
        <translation>{name}, das schnelle Netz, bräuchte {time}.</translation>
    </message>
    <message>
        <source>The preview comes slowly; {name} draws faster.</source>
        <translation>Die Vorschau kommt langsam; {name} zeichnet schneller.</translation>
    </message>
</context>
<context>
    <name>Receipt</name>
    <message>
        <source>{frames} from {source}; {made} drawn</source>
        <translation>{frames} aus {source}; {made} gezeichnet</translation>
    </message>
    <message>
        <source>Verified</source>
        <translation>Geprüft</translation>
    </message>
    <message>
        <source>Output</source>
        <translation>Ausgabe</translation>
    </message>
    <message>
        <source>Size</source>
        <translation>Größe</translation>
    </message>
    <message>
        <source>Frames</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>Rate</source>
        <translation>Rate</translation>
    </message>
    <message numerus="yes">
        <source>%n frames from the interrupted render</source>
        <translation>
            <numerusform>%n Bild aus dem unterbrochenen Durchgang</numerusform>
            <numerusform>%n Bilder aus dem unterbrochenen Durchgang</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n drawn frames from the preview</source>
        <translation>
            <numerusform>%n gezeichnetes Bild aus der Vorschau</numerusform>
            <numerusform>%n gezeichnete Bilder aus der Vorschau</numerusform>
        </translation>
    </message>
    <message>
        <source>{rate} frames a second</source>
        <translation>{rate} Bilder pro Sekunde</translation>
    </message>
    <message>
        <source>variable</source>
        <translation>variabel</translation>
    </message>
    <message>
        <source>{stored} of {frames}</source>
        <translation>{stored} von {frames}</translation>
    </message>
    <message numerus="yes">
        <source>, %n held</source>
        <translation>
            <numerusform>, %n gehalten</numerusform>
            <numerusform>, %n gehalten</numerusform>
        </translation>
    </message>
    <message>
        <source>Duration</source>
        <translation>Dauer</translation>
    </message>
    <message>
        <source>Drawn by</source>
        <translation>Gezeichnet von</translation>
    </message>
    <message>
        <source>Stored as</source>
        <translation>Gespeichert als</translation>
    </message>
    <message>
        <source>Took</source>
        <translation>Dauerte</translation>
    </message>
    <message>
        <source>{time}, {rate} frames a second</source>
        <translation>{time}, {rate} Bilder pro Sekunde</translation>
    </message>
    <message>
        <source>Largest timing error</source>
        <translation>Größter Zeitfehler</translation>
    </message>
    <message>
        <source>Resumed</source>
        <translation>Fortgesetzt</translation>
    </message>
    <message>
        <source>Reused</source>
        <translation>Wiederverwendet</translation>
    </message>
    <message>
        <source>Stream</source>
        <translation>Spur</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>Hinweis</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>Quelle</translation>
    </message>
    <message>
        <source>about {rate} frames a second</source>
        <translation>etwa {rate} Bilder pro Sekunde</translation>
    </message>
    <message>
        <source>&apos;{path}&apos; cannot be written: {reason}.</source>
        <translation>„{path}“ kann nicht geschrieben werden: {reason}.</translation>
    </message>
</context>
<context>
    <name>ReceiptDialog</name>
    <message>
        <source>Receipt of {name}</source>
        <translation>Beleg von {name}</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Save as JSON...</source>
        <translation>Als JSON speichern...</translation>
    </message>
    <message>
        <source>Save the receipt</source>
        <translation>Beleg speichern</translation>
    </message>
    <message>
        <source>JSON (*.json)</source>
        <translation>JSON (*.json)</translation>
    </message>
</context>
<context>
    <name>ReceiptView</name>
    <message>
        <source>Receipt</source>
        <translation>Beleg</translation>
    </message>
    <message>
        <source>A receipt is written when the job is done.</source>
        <translation>Ein Beleg wird geschrieben, wenn der Auftrag fertig ist.</translation>
    </message>
</context>
<context>
    <name>ResultView</name>
    <message>
        <source>Open a clip to see here what it will become.</source>
        <translation>Einen Clip öffnen, um hier zu sehen, was daraus wird.</translation>
    </message>
    <message>
        <source>Show folder</source>
        <translation>Ordner zeigen</translation>
    </message>
    <message>
        <source>Show the folder in which the result will lie</source>
        <translation>Den Ordner zeigen, in dem das Ergebnis liegen wird</translation>
    </message>
    <message>
        <source>Preview</source>
        <translation>Vorschau</translation>
    </message>
    <message>
        <source>Render from the playhead at screen size, to look at</source>
        <translation>Ab der Abspielmarke in Bildschirmgröße zeichnen, zum Ansehen</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Make the result now (Ctrl+E)</source>
        <translation>Das Ergebnis jetzt machen (Strg+E)</translation>
    </message>
    <message>
        <source>Other ways to make the result</source>
        <translation>Andere Wege zum Ergebnis</translation>
    </message>
    <message>
        <source>Queue, copy as command, and the name of the result</source>
        <translation>Warteschlange, als Befehl kopieren und der Name des Ergebnisses</translation>
    </message>
    <message>
        <source>Add to queue</source>
        <translation>In die Warteschlange</translation>
    </message>
    <message>
        <source>Copy as command</source>
        <translation>Als Befehl kopieren</translation>
    </message>
    <message>
        <source>Change the name…</source>
        <translation>Namen ändern…</translation>
    </message>
    <message>
        <source>Propose a name again</source>
        <translation>Wieder einen Namen vorschlagen</translation>
    </message>
    <message>
        <source>Result (*{suffix})</source>
        <translation>Ergebnis (*{suffix})</translation>
    </message>
    <message>
        <source>Name of the result</source>
        <translation>Name des Ergebnisses</translation>
    </message>
    <message>
        <source>Folder of the result</source>
        <translation>Ordner des Ergebnisses</translation>
    </message>
    <message>
        <source>New folder (*)</source>
        <translation>Neuer Ordner (*)</translation>
    </message>
    <message>
        <source>The command is in the clipboard.</source>
        <translation>Der Befehl ist in der Zwischenablage.</translation>
    </message>
    <message>
        <source>Use it</source>
        <translation>Nehmen</translation>
    </message>
    <message>
        <source>{path} – click to change name and folder.</source>
        <translation>{path} – klicken, um Namen und Ordner zu ändern.</translation>
    </message>
    <message>
        <source>in {folder}</source>
        <translation>in {folder}</translation>
    </message>
</context>
<context>
    <name>Results</name>
    <message>
        <source>There is no GIF</source>
        <translation>Es gibt kein GIF</translation>
    </message>
    <message>
        <source>Its preset is missing.</source>
        <translation>Seine Vorgabe fehlt.</translation>
    </message>
    <message>
        <source>There is no such command</source>
        <translation>Es gibt keinen solchen Befehl</translation>
    </message>
    <message>
        <source>The command was copied.</source>
        <translation>Der Befehl wurde kopiert.</translation>
    </message>
    <message>
        <source>The clip was not put into the queue</source>
        <translation>Der Clip kam nicht in die Warteschlange</translation>
    </message>
    <message>
        <source>{name} goes to {folder}.</source>
        <translation>{name} entsteht in {folder}.</translation>
    </message>
    <message>
        <source>{name} is done and was verified.</source>
        <translation>{name} ist fertig und wurde geprüft.</translation>
    </message>
    <message>
        <source>{name} failed; the queue says why.</source>
        <translation>{name} ist fehlgeschlagen; die Warteschlange sagt, warum.</translation>
    </message>
    <message numerus="yes">
        <source>The queue is done. The computer goes to sleep in %n second(s).</source>
        <translation>
            <numerusform>Die Warteschlange ist fertig. Der Computer geht in %n Sekunde in den Ruhezustand.</numerusform>
            <numerusform>Die Warteschlange ist fertig. Der Computer geht in %n Sekunden in den Ruhezustand.</numerusform>
        </translation>
    </message>
    <message>
        <source>Sleep now</source>
        <translation>Jetzt in den Ruhezustand</translation>
    </message>
    <message>
        <source>The computer stays awake</source>
        <translation>Der Computer bleibt wach</translation>
    </message>
    <message>
        <source>There is no picture to save yet.</source>
        <translation>Es gibt noch kein Bild zu speichern.</translation>
    </message>
    <message>
        <source>Save frame</source>
        <translation>Bild speichern</translation>
    </message>
    <message>
        <source>Save picture of the comparison</source>
        <translation>Bild des Vergleichs speichern</translation>
    </message>
    <message>
        <source>Pictures (*.png *.jpg *.webp)</source>
        <translation>Bilder (*.png *.jpg *.webp)</translation>
    </message>
    <message>
        <source>{name} was saved.</source>
        <translation>{name} wurde gespeichert.</translation>
    </message>
    <message>
        <source>The picture was not saved</source>
        <translation>Das Bild wurde nicht gespeichert</translation>
    </message>
    <message>
        <source>A job is still running.</source>
        <translation>Ein Auftrag läuft noch.</translation>
    </message>
    <message>
        <source>It has ended meanwhile.</source>
        <translation>Es ist inzwischen zu Ende.</translation>
    </message>
    <message>
        <source>Keep working</source>
        <translation>Weiterarbeiten</translation>
    </message>
    <message>
        <source>Stop and quit</source>
        <translation>Anhalten und beenden</translation>
    </message>
</context>
<context>
    <name>Section</name>
    <message>
        <source>open</source>
        <translation>offen</translation>
    </message>
    <message>
        <source>closed</source>
        <translation>geschlossen</translation>
    </message>
</context>
<context>
    <name>Session</name>
    <message>
        <source>Settings of last time</source>
        <translation>Einstellungen vom letzten Mal</translation>
    </message>
</context>
<context>
    <name>SettingsPanel</name>
    <message>
        <source>Frame rate</source>
        <translation>Bildrate</translation>
    </message>
    <message>
        <source>{n} frames for each of the clip&apos;s</source>
        <translation>{n} Bilder für jedes des Clips</translation>
    </message>
    <message>
        <source>The clip&apos;s own rate; for slow motion</source>
        <translation>Die eigene Rate des Clips; für Zeitlupe</translation>
    </message>
    <message>
        <source>Frame rate, any</source>
        <translation>Bildrate, beliebig</translation>
    </message>
    <message>
        <source>any fps</source>
        <translation>B/s</translation>
    </message>
    <message>
        <source>Any rate: a multiple (2.5x) or frames a second (60, 59.94, 60000/1001)</source>
        <translation>Beliebige Rate: ein Vielfaches (2.5x) oder Bilder pro Sekunde (60, 59.94, 60000/1001)</translation>
    </message>
    <message>
        <source>off</source>
        <translation>aus</translation>
    </message>
    <message>
        <source>Slow motion</source>
        <translation>Zeitlupe</translation>
    </message>
    <message>
        <source>How many times longer it lasts: 4× or 2.5×</source>
        <translation>Wie viel länger es dauert: 4× oder 2.5×</translation>
    </message>
    <message>
        <source>Keep the variable rate</source>
        <translation>Variable Rate behalten</translation>
    </message>
    <message>
        <source>Divide each gap in place: every frame of the clip stays.</source>
        <translation>Jede Lücke an Ort und Stelle teilen: jedes Bild des Clips bleibt.</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netz</translation>
    </message>
    <message>
        <source>Cuts</source>
        <translation>Schnitte</translation>
    </message>
    <message>
        <source>Hold</source>
        <translation>Halten</translation>
    </message>
    <message>
        <source>The frame before, then the frame after: nothing is drawn.</source>
        <translation>Das Bild davor, dann das danach: nichts wird gezeichnet.</translation>
    </message>
    <message>
        <source>Blend</source>
        <translation>Blenden</translation>
    </message>
    <message>
        <source>One fades into the other over the one gap.</source>
        <translation>Eines geht über die eine Lücke ins andere über.</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>Aus</translation>
    </message>
    <message>
        <source>No cuts are looked for; it draws across them.</source>
        <translation>Es wird nicht nach Schnitten gesucht; darüber wird gezeichnet.</translation>
    </message>
    <message>
        <source>At cuts</source>
        <translation>An Schnitten</translation>
    </message>
    <message>
        <source>Low finds only the hardest cuts, high every doubtful one.</source>
        <translation>Niedrig findet nur die härtesten Schnitte, hoch auch jeden zweifelhaften.</translation>
    </message>
    <message>
        <source>Sensitivity</source>
        <translation>Empfindlichkeit</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>Drop and draw anew</source>
        <translation>Weglassen, neu zeichnen</translation>
    </message>
    <message>
        <source>Frames that repeat the one before, as in animation and film on video.</source>
        <translation>Bilder, die das davor wiederholen, wie in Animation und Film auf Video.</translation>
    </message>
    <message>
        <source>Repeated frames</source>
        <translation>Wiederholte Bilder</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>Format</translation>
    </message>
    <message>
        <source>Palette and size…</source>
        <translation>Palette und Größe…</translation>
    </message>
    <message>
        <source>See colours, dithering and size of the animation, and change them</source>
        <translation>Farben, Dithering und Größe der Animation ansehen und ändern</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Einzelheiten</translation>
    </message>
    <message>
        <source>Hold last frame</source>
        <translation>Letztes Bild halten</translation>
    </message>
    <message>
        <source>Trim to it</source>
        <translation>Mit ihm enden</translation>
    </message>
    <message>
        <source>At the end</source>
        <translation>Am Ende</translation>
    </message>
    <message>
        <source>Hold keeps the length; trim ends with the last frame.</source>
        <translation>Halten behält die Länge; Enden hört mit dem letzten Bild auf.</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>Gerät</translation>
    </message>
    <message>
        <source>Where frames are drawn</source>
        <translation>Wo Bilder gezeichnet werden</translation>
    </message>
    <message>
        <source>32 bits (exact)</source>
        <translation>32 Bit (genau)</translation>
    </message>
    <message>
        <source>16 bits (fp16)</source>
        <translation>16 Bit (fp16)</translation>
    </message>
    <message>
        <source>16 bits (bf16)</source>
        <translation>16 Bit (bf16)</translation>
    </message>
    <message>
        <source>8 bits where coarse (fp8)</source>
        <translation>8 Bit im Groben (fp8)</translation>
    </message>
    <message>
        <source>Number format of the arithmetic; automatic is the fastest that computes rightly here.</source>
        <translation>Zahlenformat der Rechnung; automatisch ist das schnellste, das hier richtig rechnet.</translation>
    </message>
    <message>
        <source>Precision</source>
        <translation>Genauigkeit</translation>
    </message>
    <message>
        <source>what is free</source>
        <translation>was frei ist</translation>
    </message>
    <message>
        <source>Most memory</source>
        <translation>Höchster Speicher</translation>
    </message>
    <message>
        <source>Of the device: 2GB or 800MB; empty for what is free</source>
        <translation>Des Geräts: 2GB oder 800MB; leer für das, was frei ist</translation>
    </message>
    <message>
        <source>Advanced</source>
        <translation>Erweitert</translation>
    </message>
    <message>
        <source>{n} %</source>
        <translation>{n} %</translation>
    </message>
    <message>
        <source>less</source>
        <translation>weniger</translation>
    </message>
    <message>
        <source>more</source>
        <translation>mehr</translation>
    </message>
    <message>
        <source>forget</source>
        <translation>vergessen</translation>
    </message>
    <message numerus="yes">
        <source>%n set by hand</source>
        <translation>
            <numerusform>%n von Hand gesetzt</numerusform>
            <numerusform>%n von Hand gesetzt</numerusform>
        </translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>Importieren…</translation>
    </message>
</context>
<context>
    <name>SettingsPanelModel</name>
    <message>
        <source>{time} a frame here</source>
        <translation>hier {time} je Bild</translation>
    </message>
    <message>
        <source>{n} fps here</source>
        <translation>{n} B/s hier</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>Processor</source>
        <translation>Prozessor</translation>
    </message>
    <message>
        <source>NVIDIA GPU</source>
        <translation>NVIDIA-GPU</translation>
    </message>
    <message>
        <source>All NVIDIA GPUs</source>
        <translation>Alle NVIDIA-GPUs</translation>
    </message>
    <message>
        <source>Set rate to {rate}</source>
        <translation>Rate auf {rate} setzen</translation>
    </message>
    <message>
        <source>Set slow motion</source>
        <translation>Zeitlupe setzen</translation>
    </message>
    <message>
        <source>Change the end</source>
        <translation>Ende ändern</translation>
    </message>
    <message>
        <source>Keep the variable rate</source>
        <translation>Variable Rate behalten</translation>
    </message>
    <message>
        <source>Choose network</source>
        <translation>Netz wählen</translation>
    </message>
    <message>
        <source>Change what is shown at cuts</source>
        <translation>Ändern, was an Schnitten gezeigt wird</translation>
    </message>
    <message>
        <source>Change cut sensitivity</source>
        <translation>Empfindlichkeit für Schnitte ändern</translation>
    </message>
    <message>
        <source>Forget cuts by hand</source>
        <translation>Von Hand gesetzte Schnitte vergessen</translation>
    </message>
    <message>
        <source>Change what happens to repeated frames</source>
        <translation>Ändern, was mit wiederholten Bildern geschieht</translation>
    </message>
    <message>
        <source>Choose device</source>
        <translation>Gerät wählen</translation>
    </message>
    <message>
        <source>Choose precision</source>
        <translation>Genauigkeit wählen</translation>
    </message>
    <message>
        <source>Limit memory</source>
        <translation>Speicher begrenzen</translation>
    </message>
    <message>
        <source>The clip&apos;s rate varies, the result&apos;s does not: keep it, or choose 60 fps.</source>
        <translation>Die Rate des Clips schwankt, die des Ergebnisses nicht: behalten oder 60 B/s wählen.</translation>
    </message>
    <message>
        <source>There is no clip.</source>
        <translation>Es gibt keinen Clip.</translation>
    </message>
    <message>
        <source>Open one first.</source>
        <translation>Zuerst einen öffnen.</translation>
    </message>
    <message>
        <source>The result cannot be planned: {reason}.</source>
        <translation>Das Ergebnis lässt sich nicht planen: {reason}.</translation>
    </message>
</context>
<context>
    <name>ShortcutsDialog</name>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Search commands and keys</source>
        <translation>Befehle und Tasten suchen</translation>
    </message>
    <message>
        <source>Command</source>
        <translation>Befehl</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>Tasten</translation>
    </message>
    <message>
        <source>Reset all</source>
        <translation>Alle zurücksetzen</translation>
    </message>
    <message>
        <source>New key</source>
        <translation>Neue Taste</translation>
    </message>
    <message>
        <source>Assign</source>
        <translation>Zuweisen</translation>
    </message>
    <message>
        <source>Default</source>
        <translation>Standard</translation>
    </message>
    <message>
        <source>While held</source>
        <translation>Solange gehalten</translation>
    </message>
    <message>
        <source>This key belongs to: {others}. Assign takes it away.</source>
        <translation>Diese Taste gehört zu: {others}. Zuweisen nimmt sie weg.</translation>
    </message>
    <message>
        <source>Press the new key and choose Assign.</source>
        <translation>Die neue Taste drücken und Zuweisen wählen.</translation>
    </message>
    <message>
        <source>Choose a command to give it another key.</source>
        <translation>Einen Befehl wählen, um ihm eine andere Taste zu geben.</translation>
    </message>
</context>
<context>
    <name>Sound</name>
    <message>
        <source>Sound cannot be played: {reason}.</source>
        <translation>Ton lässt sich nicht abspielen: {reason}.</translation>
    </message>
    <message>
        <source>This computer has no sound output, so clips play silently.</source>
        <translation>Dieser Computer hat keine Tonausgabe, deshalb laufen Clips stumm.</translation>
    </message>
    <message>
        <source>The sound output &apos;{name}&apos; takes no 16-bit stereo.</source>
        <translation>Die Tonausgabe „{name}“ nimmt kein 16-Bit-Stereo.</translation>
    </message>
</context>
<context>
    <name>SourceChooser</name>
    <message>
        <source>Side {side}</source>
        <translation>Seite {side}</translation>
    </message>
    <message>
        <source>What stands on side {side}</source>
        <translation>Was auf Seite {side} steht</translation>
    </message>
    <message>
        <source>Nothing</source>
        <translation>Nichts</translation>
    </message>
    <message>
        <source>Open a file...</source>
        <translation>Datei öffnen...</translation>
    </message>
    <message>
        <source>A file to stand on side {side}</source>
        <translation>Eine Datei für Seite {side}</translation>
    </message>
</context>
<context>
    <name>Studio</name>
    <message>
        <source>Something failed again; see the log.</source>
        <translation>Wieder ist etwas fehlgeschlagen; siehe Protokoll.</translation>
    </message>
    <message numerus="yes">
        <source>The program did not end properly last time; %n clips were open.</source>
        <translation>
            <numerusform>Das Programm endete letztes Mal nicht richtig; %n Clip war offen.</numerusform>
            <numerusform>Das Programm endete letztes Mal nicht richtig; %n Clips waren offen.</numerusform>
        </translation>
    </message>
    <message>
        <source>Open them again</source>
        <translation>Wieder öffnen</translation>
    </message>
</context>
<context>
    <name>TimeField</name>
    <message>
        <source>Position</source>
        <translation>Position</translation>
    </message>
</context>
<context>
    <name>Timeline</name>
    <message>
        <source>Timeline</source>
        <translation>Zeitleiste</translation>
    </message>
    <message>
        <source>No clip</source>
        <translation>Kein Clip</translation>
    </message>
    <message>
        <source>{time}, frame {frame} of {count}</source>
        <translation>{time}, Bild {frame} von {count}</translation>
    </message>
    <message>
        <source>in point</source>
        <translation>Anfangsmarke</translation>
    </message>
    <message>
        <source>out point</source>
        <translation>Endmarke</translation>
    </message>
    <message>
        <source>cut at frame {frame}</source>
        <translation>Schnitt bei Bild {frame}</translation>
    </message>
    <message>
        <source>duplicate at frame {frame}</source>
        <translation>Wiederholung bei Bild {frame}</translation>
    </message>
    <message>
        <source>The clip&apos;s timeline appears here.</source>
        <translation>Hier erscheint die Zeitleiste des Clips.</translation>
    </message>
    <message>
        <source>Go here</source>
        <translation>Hierher gehen</translation>
    </message>
    <message>
        <source>Set in point here</source>
        <translation>Anfang hier setzen</translation>
    </message>
    <message>
        <source>Set out point here</source>
        <translation>Ende hier setzen</translation>
    </message>
    <message>
        <source>Clear in and out points</source>
        <translation>Anfang und Ende löschen</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Verkleinern</translation>
    </message>
    <message>
        <source>Show the whole clip</source>
        <translation>Den ganzen Clip zeigen</translation>
    </message>
    <message>
        <source>Show what is between in and out</source>
        <translation>Zeigen, was zwischen Anfang und Ende liegt</translation>
    </message>
    <message>
        <source>Go to the worst gap</source>
        <translation>Zur schlechtesten Lücke gehen</translation>
    </message>
    <message>
        <source>Add cut here</source>
        <translation>Schnitt hier setzen</translation>
    </message>
    <message>
        <source>Remove cut</source>
        <translation>Schnitt entfernen</translation>
    </message>
    <message>
        <source>Restore cut</source>
        <translation>Schnitt wiederherstellen</translation>
    </message>
    <message>
        <source>Mark frame as duplicate</source>
        <translation>Bild als Wiederholung markieren</translation>
    </message>
    <message>
        <source>Frame is no duplicate</source>
        <translation>Bild ist keine Wiederholung</translation>
    </message>
    <message>
        <source>Frame is a duplicate after all</source>
        <translation>Bild ist doch eine Wiederholung</translation>
    </message>
</context>
<context>
    <name>TimelineModel</name>
    <message>
        <source>Set in point</source>
        <translation>Anfang setzen</translation>
    </message>
    <message>
        <source>Set out point</source>
        <translation>Ende setzen</translation>
    </message>
    <message>
        <source>Clear in and out points</source>
        <translation>Anfang und Ende löschen</translation>
    </message>
    <message>
        <source>Add cut</source>
        <translation>Schnitt setzen</translation>
    </message>
    <message>
        <source>Mark as duplicate</source>
        <translation>Als Wiederholung markieren</translation>
    </message>
    <message>
        <source>Remove cut</source>
        <translation>Schnitt entfernen</translation>
    </message>
    <message>
        <source>Mark as no duplicate</source>
        <translation>Als keine Wiederholung markieren</translation>
    </message>
    <message>
        <source>Move cut</source>
        <translation>Schnitt verschieben</translation>
    </message>
    <message>
        <source>Move duplicate</source>
        <translation>Wiederholung verschieben</translation>
    </message>
    <message>
        <source>Three frames are needed to leave one out.</source>
        <translation>Drei Bilder sind nötig, um eines wegzulassen.</translation>
    </message>
</context>
<context>
    <name>TimelineView</name>
    <message>
        <source>Set in point</source>
        <translation>Anfang setzen</translation>
    </message>
    <message>
        <source>Set out point</source>
        <translation>Ende setzen</translation>
    </message>
    <message>
        <source>Clear in and out points</source>
        <translation>Anfang und Ende löschen</translation>
    </message>
    <message>
        <source>Add or remove a cut here</source>
        <translation>Schnitt hier setzen oder entfernen</translation>
    </message>
    <message>
        <source>Find cuts and duplicates</source>
        <translation>Schnitte und Wiederholungen suchen</translation>
    </message>
    <message>
        <source>Find cuts</source>
        <translation>Schnitte suchen</translation>
    </message>
    <message>
        <source>Leave frames out, let the network draw them again, and see where it does well</source>
        <translation>Bilder weglassen, vom Netz neu zeichnen lassen und sehen, wo es gut ist</translation>
    </message>
    <message>
        <source>Check quality</source>
        <translation>Qualität prüfen</translation>
    </message>
    <message>
        <source>Go to the worst gap</source>
        <translation>Zur schlechtesten Lücke gehen</translation>
    </message>
    <message>
        <source>Progress of the analysis</source>
        <translation>Stand der Untersuchung</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>Verkleinern</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>Vergrößern</translation>
    </message>
    <message>
        <source>Show the whole clip</source>
        <translation>Den ganzen Clip zeigen</translation>
    </message>
    <message>
        <source>double click</source>
        <translation>Doppelklick</translation>
    </message>
    <message>
        <source>{length} in all</source>
        <translation>{length} insgesamt</translation>
    </message>
    <message>
        <source>{start} to {stop}: {length}</source>
        <translation>{start} bis {stop}: {length}</translation>
    </message>
    <message>
        <source>It goes on when playing stops</source>
        <translation>Es geht weiter, wenn das Abspielen endet</translation>
    </message>
    <message>
        <source>Stop finding</source>
        <translation>Suche anhalten</translation>
    </message>
    <message>
        <source>Stop checking</source>
        <translation>Prüfung anhalten</translation>
    </message>
</context>
<context>
    <name>TransportBar</name>
    <message>
        <source>Fit</source>
        <translation>Einpassen</translation>
    </message>
    <message>
        <source>Zoom: {percent}</source>
        <translation>Zoom: {percent}</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>Tempo</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>Zoom</translation>
    </message>
    <message>
        <source>Volume</source>
        <translation>Lautstärke</translation>
    </message>
    <message>
        <source>Position ({keys} to type): 12.5, 1:02.5, 84f, +10, -3f</source>
        <translation>Position ({keys} zum Tippen): 12.5, 1:02.5, 84f, +10, -3f</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Play again from the start</source>
        <translation>Noch einmal von vorn abspielen</translation>
    </message>
    <message>
        <source>Play; at the end it begins again</source>
        <translation>Abspielen; am Ende beginnt es von vorn</translation>
    </message>
    <message>
        <source>Loop: off</source>
        <translation>Wiederholen: aus</translation>
    </message>
    <message>
        <source>Loop: from the start again</source>
        <translation>Wiederholen: wieder von vorn</translation>
    </message>
    <message>
        <source>Loop: to and fro</source>
        <translation>Wiederholen: hin und her</translation>
    </message>
    <message>
        <source>Mute</source>
        <translation>Stumm</translation>
    </message>
</context>
<context>
    <name>Viewer</name>
    <message>
        <source>Original</source>
        <translation>Original</translation>
    </message>
    <message>
        <source>frame {number}</source>
        <translation>Bild {number}</translation>
    </message>
    <message>
        <source>original {number}</source>
        <translation>Original {number}</translation>
    </message>
    <message>
        <source>preview at {part} size</source>
        <translation>Vorschau in {part} der Größe</translation>
    </message>
    <message>
        <source>earlier settings</source>
        <translation>frühere Einstellungen</translation>
    </message>
    <message>
        <source>full colour: {pixels} pixels</source>
        <translation>volle Farbe: {pixels} Pixel</translation>
    </message>
    <message>
        <source>at {part} size</source>
        <translation>in {part} der Größe</translation>
    </message>
    <message>
        <source>frame {number} is coming</source>
        <translation>Bild {number} kommt</translation>
    </message>
    <message>
        <source>at {number}</source>
        <translation>bei {number}</translation>
    </message>
    <message>
        <source>made</source>
        <translation>gezeichnet</translation>
    </message>
    <message>
        <source>made {place}</source>
        <translation>gezeichnet {place}</translation>
    </message>
    <message>
        <source>{part} of {before}→{after}</source>
        <translation>{part} von {before}→{after}</translation>
    </message>
    <message>
        <source>No picture of {title} can be shown</source>
        <translation>Kein Bild von {title} lässt sich zeigen</translation>
    </message>
    <message>
        <source>Not rendered here yet: press Preview</source>
        <translation>Hier noch nicht gezeichnet: Vorschau drücken</translation>
    </message>
    <message>
        <source>{title} does not cover this moment</source>
        <translation>{title} reicht nicht bis hierher</translation>
    </message>
    <message>
        <source>The picture is coming</source>
        <translation>Das Bild kommt</translation>
    </message>
    <message>
        <source>Nothing stands on this side</source>
        <translation>Auf dieser Seite steht nichts</translation>
    </message>
    <message>
        <source>Waiting for pictures</source>
        <translation>Wartet auf Bilder</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>Wartet</translation>
    </message>
    <message>
        <source>{dropped} of {due} frames dropped</source>
        <translation>{dropped} von {due} Bildern ausgelassen</translation>
    </message>
    <message>
        <source>{dropped} dropped</source>
        <translation>{dropped} ausgelassen</translation>
    </message>
    <message>
        <source>&apos;{name}&apos; has another length than the clip and its range; both are shown from the start.</source>
        <translation>„{name}“ hat eine andere Länge als der Clip und sein Bereich; beide werden vom Anfang an gezeigt.</translation>
    </message>
</context>
<context>
    <name>ViewerPanel</name>
    <message>
        <source>Drop a clip here, or open one</source>
        <translation>Einen Clip hier ablegen oder öffnen</translation>
    </message>
    <message>
        <source>Reading the clip</source>
        <translation>Der Clip wird gelesen</translation>
    </message>
    <message>
        <source>Steps go over</source>
        <translation>Schritte gehen über</translation>
    </message>
    <message>
        <source>the frames of both sides</source>
        <translation>die Bilder beider Seiten</translation>
    </message>
    <message>
        <source>the frames of A</source>
        <translation>die Bilder von A</translation>
    </message>
    <message>
        <source>the frames of B</source>
        <translation>die Bilder von B</translation>
    </message>
</context>
<context>
    <name>WelcomeDialog</name>
    <message>
        <source>Welcome to FLAVR Studio</source>
        <translation>Willkommen bei FLAVR Studio</translation>
    </message>
    <message>
        <source>Smoother or slower, frame by frame</source>
        <translation>Flüssiger oder langsamer, Bild für Bild</translation>
    </message>
    <message>
        <source>Drop a clip into the window and choose a rate. Look at original and result side by side, then export a video or a GIF. Every filmed frame stays as it was; only those between are drawn.</source>
        <translation>Einen Clip ins Fenster ziehen und eine Rate wählen. Original und Ergebnis nebeneinander ansehen und als Video oder GIF exportieren. Jedes gefilmte Bild bleibt, wie es war; nur die dazwischen werden gezeichnet.</translation>
    </message>
    <message>
        <source>Space plays, comma and period step one frame, W wipes between the sides, ? lists all keys.</source>
        <translation>Leertaste spielt ab, Komma und Punkt gehen ein Bild weiter, W zeigt den Schieber zwischen den Seiten, ? nennt alle Tasten.</translation>
    </message>
    <message>
        <source>Show this at the start</source>
        <translation>Beim Start zeigen</translation>
    </message>
    <message>
        <source>A frame of the sample clip</source>
        <translation>Ein Bild des Beispielclips</translation>
    </message>
    <message>
        <source>Make the sample twice as smooth</source>
        <translation>Das Beispiel doppelt so flüssig machen</translation>
    </message>
    <message>
        <source>Open a clip...</source>
        <translation>Einen Clip öffnen...</translation>
    </message>
    <message>
        <source>Just look around</source>
        <translation>Nur umsehen</translation>
    </message>
</context>
<context>
    <name>Workspace</name>
    <message>
        <source>Remove clip</source>
        <translation>Clip entfernen</translation>
    </message>
    <message numerus="yes">
        <source>Remove %n clips</source>
        <translation>
            <numerusform>%n Clip entfernen</numerusform>
            <numerusform>%n Clips entfernen</numerusform>
        </translation>
    </message>
    <message>
        <source>Move clip</source>
        <translation>Clip verschieben</translation>
    </message>
    <message>
        <source>Images a second</source>
        <translation>Bilder pro Sekunde</translation>
    </message>
</context>
</TS>
