<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="en">
<context>
    <name>Clips</name>
    <message numerus="yes">
        <source>%n images, shown at {rate} a second.</source>
        <translation>
            <numerusform>%n image, shown at {rate} a second.</numerusform>
            <numerusform>%n images, shown at {rate} a second.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n bit</source>
        <translation>
            <numerusform>%n bit</numerusform>
            <numerusform>%n bit</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ClipsModel</name>
    <message numerus="yes">
        <source>%n clips removed from the list. Undo brings them back.</source>
        <translation>
            <numerusform>%n clip removed from the list. Undo brings it back.</numerusform>
            <numerusform>%n clips removed from the list. Undo brings them back.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n clips are in the list already.</source>
        <translation>
            <numerusform>%n clip is in the list already.</numerusform>
            <numerusform>%n clips are in the list already.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Only the first %n clips were taken.</source>
        <translation>
            <numerusform>Only the first clip was taken.</numerusform>
            <numerusform>Only the first %n clips were taken.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ComparisonDialog</name>
    <message numerus="yes">
        <source>{done} of %n pictures</source>
        <translation>
            <numerusform>{done} of %n picture</numerusform>
            <numerusform>{done} of %n pictures</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>DoctorModel</name>
    <message numerus="yes">
        <source>%n problems keep clips from being converted.</source>
        <translation>
            <numerusform>%n problem keeps clips from being converted.</numerusform>
            <numerusform>%n problems keep clips from being converted.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Everything works; %n things could be better.</source>
        <translation>
            <numerusform>Everything works; %n thing could be better.</numerusform>
            <numerusform>Everything works; %n things could be better.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ExportDetails</name>
    <message numerus="yes">
        <source>%n bits</source>
        <translation>
            <numerusform>%n bit</numerusform>
            <numerusform>%n bits</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>GifPreviewModel</name>
    <message numerus="yes">
        <source>%n frames around the playhead</source>
        <translation>
            <numerusform>%n frame around the playhead</numerusform>
            <numerusform>%n frames around the playhead</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>About {size} for all %Ln frames, if the rest is like these.</source>
        <translation>
            <numerusform>About {size} for the %Ln frame, if the rest is like these.</numerusform>
            <numerusform>About {size} for all %Ln frames, if the rest is like these.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>NoteList</name>
    <message numerus="yes">
        <source>and %n more</source>
        <translation>
            <numerusform>and %n more</numerusform>
            <numerusform>and %n more</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>QueueModel</name>
    <message numerus="yes">
        <source>%n paused</source>
        <translation>
            <numerusform>%n paused</numerusform>
            <numerusform>%n paused</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n at work</source>
        <translation>
            <numerusform>%n at work</numerusform>
            <numerusform>%n at work</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n waiting</source>
        <translation>
            <numerusform>%n waiting</numerusform>
            <numerusform>%n waiting</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n done</source>
        <translation>
            <numerusform>%n done</numerusform>
            <numerusform>%n done</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n failed</source>
        <translation>
            <numerusform>%n failed</numerusform>
            <numerusform>%n failed</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n cancelled</source>
        <translation>
            <numerusform>%n cancelled</numerusform>
            <numerusform>%n cancelled</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{kept} of %n frames of {name} are kept, and the queue offers to go on from them at the next start.</source>
        <translation>
            <numerusform>{kept} of %n frame of {name} is kept, and the queue offers to go on from there at the next start.</numerusform>
            <numerusform>{kept} of %n frames of {name} are kept, and the queue offers to go on from them at the next start.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n frame(s) after them would be drawn again.</source>
        <translation>
            <numerusform>%n frame after them would be drawn again.</numerusform>
            <numerusform>%n frames after them would be drawn again.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n job(s) from last time are not finished.</source>
        <translation>
            <numerusform>%n job from last time is not finished.</numerusform>
            <numerusform>%n jobs from last time are not finished.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{kept} of %n frames are there</source>
        <translation>
            <numerusform>{kept} of %n frame is there</numerusform>
            <numerusform>{kept} of %n frames are there</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n frames</source>
        <translation>
            <numerusform>%n frame</numerusform>
            <numerusform>%n frames</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>QueuePanel</name>
    <message numerus="yes">
        <source>Remove %n job(s) from the queue?</source>
        <translation>
            <numerusform>Remove %n job from the queue?</numerusform>
            <numerusform>Remove %n jobs from the queue?</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Receipt</name>
    <message numerus="yes">
        <source>, %n held</source>
        <translation>
            <numerusform>, %n held</numerusform>
            <numerusform>, %n held</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n frames from the interrupted render</source>
        <translation>
            <numerusform>%n frame from the interrupted render</numerusform>
            <numerusform>%n frames from the interrupted render</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n drawn frames from the preview</source>
        <translation>
            <numerusform>%n drawn frame from the preview</numerusform>
            <numerusform>%n drawn frames from the preview</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Results</name>
    <message numerus="yes">
        <source>The queue is done. The computer goes to sleep in %n second(s).</source>
        <translation>
            <numerusform>The queue is done. The computer goes to sleep in %n second.</numerusform>
            <numerusform>The queue is done. The computer goes to sleep in %n seconds.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SettingsPanel</name>
    <message numerus="yes">
        <source>%n set by hand</source>
        <translation>
            <numerusform>%n set by hand</numerusform>
            <numerusform>%n set by hand</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Studio</name>
    <message numerus="yes">
        <source>The program did not end properly last time; %n clips were open.</source>
        <translation>
            <numerusform>The program did not end properly last time; %n clip was open.</numerusform>
            <numerusform>The program did not end properly last time; %n clips were open.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Workspace</name>
    <message numerus="yes">
        <source>Remove %n clips</source>
        <translation>
            <numerusform>Remove clip</numerusform>
            <numerusform>Remove %n clips</numerusform>
        </translation>
    </message>
</context>
</TS>
