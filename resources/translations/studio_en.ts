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
    <name>Networks</name>
    <message numerus="yes">
        <source>%n places in a gap</source>
        <translation>
            <numerusform>%n place in a gap</numerusform>
            <numerusform>%n places in a gap</numerusform>
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
